/** Records of calls as the plugin's owner reads them. */
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row } from '../../platform/store/store.ts'
import type { CallOrigin } from './call-store.ts'

/** A call without what was said in it. */
export interface CallEntry {
  id: string
  pluginId: string
  /** 0: a text that was not saved. */
  pluginVersion: number
  functionName: string | null
  status: 'started' | 'completed' | 'failed'
  origin: CallOrigin | null
  assistantId: string
  threadId: string | null
  runId: string | null
  forRunId: string | null
  toolCallId: string | null
  /** Milliseconds since 1970. */
  startedMs: number
  endedMs: number | null
}

/** The whole record; all texts but the first are null while the call runs. */
export interface CallDetails extends CallEntry {
  callerId: string
  arguments: string
  /** These five are JSON. */
  customizedParams: string | null
  error: string | null
  usage: string | null
  modelUsage: string | null
  pictureIds: string | null
  output: string | null
  stdout: string | null
  stderr: string | null
}

const ENTRY = `workspace_id, id, plugin_id, plugin_version, function_name, status, origin, assistant_id, thread_id, run_id, for_run_id,
  tool_call_id, started_ms, ended_ms`

const toEntry = (row: Row): CallEntry => ({
  id: row['id'] as string,
  pluginId: row['plugin_id'] as string,
  pluginVersion: row['plugin_version'] as number,
  functionName: row['function_name'] as string | null,
  status: row['status'] as CallEntry['status'],
  origin: row['origin'] as CallOrigin | null,
  assistantId: row['assistant_id'] as string,
  threadId: row['thread_id'] as string | null,
  runId: row['run_id'] as string | null,
  forRunId: row['for_run_id'] as string | null,
  toolCallId: row['tool_call_id'] as string | null,
  startedMs: row['started_ms'] as number,
  endedMs: row['ended_ms'] as number | null,
})

const text = (row: Row, column: string) => row[column] as string | null

export const listCalls = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
  query: PageQuery,
): Promise<Page<CallEntry>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: `(select ${ENTRY} from plugin_calls) as listed`,
      where: 'workspace_id = ?1 and plugin_id = ?2',
      params: [workspaceId, pluginId],
      orderBy: 'id',
      kind: 'plugin call',
    },
    query,
  )
  return { items: page.items.map(toEntry), hasMore: page.hasMore }
}

export const findCallDetails = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
  id: string,
): Promise<CallDetails | null> => {
  const row = await db.get(
    'select * from plugin_calls where workspace_id = ?1 and plugin_id = ?2 and id = ?3',
    [workspaceId, pluginId, id],
  )
  if (row === null) return null
  return {
    ...toEntry(row),
    callerId: row['caller_id'] as string,
    arguments: row['arguments'] as string,
    customizedParams: text(row, 'customized_params'),
    error: text(row, 'error'),
    usage: text(row, 'usage'),
    modelUsage: text(row, 'model_usage'),
    pictureIds: text(row, 'picture_ids'),
    output: text(row, 'output'),
    stdout: text(row, 'stdout'),
    stderr: text(row, 'stderr'),
  }
}
