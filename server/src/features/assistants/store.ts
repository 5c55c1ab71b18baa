import type { Metadata } from '@melzi/contract/metadata.ts'
import type { ReasoningEffort, ResponseFormat } from '@melzi/contract/model-settings.ts'
import type { Tool } from '@melzi/contract/tool.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

/** Who runs an assistant's plugins: the client at `requires_action`, or the server inside the run. */
export type PluginMode = 'client' | 'server'

export interface AssistantRecord {
  workspaceId: string
  id: string
  ownerId: string
  /** Unix seconds. */
  createdAt: number
  name: string | null
  description: string | null
  model: string
  instructions: string | null
  /** Its own tools; the functions of attached plugins come on top. */
  tools: Tool[]
  metadata: Metadata
  temperature: number
  topP: number
  reasoningEffort: ReasoningEffort | null
  responseFormat: ResponseFormat
  pluginMode: PluginMode
  /** Whether those who may only use it are told the names of the files that answers refer to. */
  showsCitations: boolean
  /** Whether code of those who may only use it finds its files. */
  mountsFiles: boolean
}

const toRecord = (row: Row): AssistantRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  createdAt: row['created_at'] as number,
  name: row['name'] as string | null,
  description: row['description'] as string | null,
  model: row['model'] as string,
  instructions: row['instructions'] as string | null,
  tools: JSON.parse(row['tools'] as string) as Tool[],
  metadata: JSON.parse(row['metadata'] as string) as Metadata,
  temperature: row['temperature'] as number,
  topP: row['top_p'] as number,
  reasoningEffort: row['reasoning_effort'] as ReasoningEffort | null,
  responseFormat: JSON.parse(row['response_format'] as string) as ResponseFormat,
  pluginMode: row['plugin_mode'] as PluginMode,
  showsCitations: row['shows_citations'] === 1,
  mountsFiles: row['mounts_files'] === 1,
})

export const findAssistant = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<AssistantRecord | null> => {
  const row = await db.get('select * from assistants where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

/** Ids of the assistants a person owns. */
export const assistantIdsOf = async (
  db: Reader,
  workspaceId: string,
  ownerId: string,
): Promise<string[]> => {
  const rows = await db.all<{ id: string }>(
    'select id from assistants where workspace_id = ?1 and owner_id = ?2 order by id',
    [workspaceId, ownerId],
  )
  return rows.map(({ id }) => id)
}

/** @param which condition on rows of assistants, with its parameters */
export const listAssistants = async (
  db: Reader,
  { where, params }: { where: string; params: SqlValue[] },
  query: PageQuery,
): Promise<Page<AssistantRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'assistants',
      where,
      params,
      orderBy: 'id',
      kind: 'assistant',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

export const insertAssistant = async (tx: Tx, record: AssistantRecord): Promise<void> => {
  await tx.run(
    `insert into assistants (workspace_id, id, owner_id, created_at, name, description, model, instructions, tools, tool_resources,
       metadata, temperature, top_p, reasoning_effort, response_format, plugin_mode, shows_citations, mounts_files)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '{}', ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`,
    [record.workspaceId, record.id, record.ownerId, record.createdAt, ...settings(record)],
  )
}

/** Writes all settings of an assistant; id, owner and time of creation stay. */
export const updateAssistant = async (tx: Tx, record: AssistantRecord): Promise<void> => {
  await tx.run(
    `update assistants set name = ?3, description = ?4, model = ?5, instructions = ?6, tools = ?7, metadata = ?8, temperature = ?9,
       top_p = ?10, reasoning_effort = ?11, response_format = ?12, plugin_mode = ?13, shows_citations = ?14, mounts_files = ?15
     where workspace_id = ?1 and id = ?2`,
    [record.workspaceId, record.id, ...settings(record)],
  )
}

const settings = (record: AssistantRecord) => [
  record.name,
  record.description,
  record.model,
  record.instructions,
  JSON.stringify(record.tools),
  JSON.stringify(record.metadata),
  record.temperature,
  record.topP,
  record.reasoningEffort,
  JSON.stringify(record.responseFormat),
  record.pluginMode,
  record.showsCitations ? 1 : 0,
  record.mountsFiles ? 1 : 0,
]

/** Threads and runs stay (behaviour.md 3). */
export const deleteAssistant = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from assistants where workspace_id = ?1 and id = ?2', [workspaceId, id])
}
