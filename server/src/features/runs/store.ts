import type { Metadata } from '@melzi/contract/metadata.ts'
import { seconds } from '../../platform/clock.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'
import type { RunRecord } from './run-record.ts'

/** Reads a nullable JSON column. */
export const json = <T>(value: SqlValue | undefined): T =>
  (typeof value === 'string' ? JSON.parse(value) : null) as T

export const toJson = (value: unknown): string | null =>
  value === null ? null : JSON.stringify(value)

const toRun = (row: Row): RunRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  threadId: row['thread_id'] as string,
  assistantId: row['assistant_id'] as string,
  ownerId: row['owner_id'] as string,
  keyId: row['key_id'] as string | null,
  begunWith: row['begun_with'] as RunRecord['begunWith'],
  namesFiles: row['names_files'] === 1,
  createdAt: row['created_at'] as number,
  status: row['status'] as RunRecord['status'],
  model: row['model'] as string,
  instructions: row['instructions'] as string | null,
  tools: json(row['tools']),
  toolResources: json(row['tool_resources']),
  includesContent: row['includes_content'] === 1,
  metadata: json(row['metadata']),
  temperature: row['temperature'] as number,
  topP: row['top_p'] as number,
  reasoningEffort: row['reasoning_effort'] as RunRecord['reasoningEffort'],
  maxCompletionTokens: row['max_completion_tokens'] as number | null,
  maxPromptTokens: row['max_prompt_tokens'] as number | null,
  truncationStrategy: json(row['truncation_strategy']),
  responseFormat: json(row['response_format']),
  toolChoice: json(row['tool_choice']),
  parallelToolCalls: row['parallel_tool_calls'] === 1,
  pluginMode: row['plugin_mode'] as RunRecord['pluginMode'],
  plugins: json(row['plugins']),
  requiredAction: json(row['required_action']),
  lastError: json(row['last_error']),
  incompleteReason: row['incomplete_reason'] as RunRecord['incompleteReason'],
  usage: json(row['usage']),
  startedAt: row['started_at'] as number | null,
  expiresAt: row['expires_at'] as number,
  cancelledAt: row['cancelled_at'] as number | null,
  failedAt: row['failed_at'] as number | null,
  completedAt: row['completed_at'] as number | null,
  dueMs: row['due_ms'] as number | null,
  leaseOwner: row['lease_owner'] as string | null,
  attempt: row['attempt'] as number,
  place: row['place'] as number | null,
})

export const findRun = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  id: string,
): Promise<RunRecord | null> => {
  const row = await db.get(
    'select * from runs where workspace_id = ?1 and thread_id = ?2 and id = ?3',
    [workspaceId, threadId, id],
  )
  return row === null ? null : toRun(row)
}

/** The run, its row locked until the unit ends. */
export const findRunForUpdate = async (
  tx: Tx,
  workspaceId: string,
  threadId: string,
  id: string,
): Promise<RunRecord | null> => {
  const row = await tx.get(
    'update runs set attempt = attempt where workspace_id = ?1 and thread_id = ?2 and id = ?3 returning *',
    [workspaceId, threadId, id],
  )
  return row === null ? null : toRun(row)
}

export const listRuns = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  query: PageQuery,
): Promise<Page<RunRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'runs',
      where: 'workspace_id = ?1 and thread_id = ?2',
      params: [workspaceId, threadId],
      orderBy: 'id',
      kind: 'run',
    },
    query,
  )
  return { items: page.items.map(toRun), hasMore: page.hasMore }
}

export const insertRun = async (tx: Tx, run: RunRecord): Promise<void> => {
  await tx.run(
    `insert into runs (workspace_id, id, thread_id, assistant_id, owner_id, created_at, status, model, instructions, tools, tool_resources,
       metadata, temperature, top_p, reasoning_effort, max_completion_tokens, max_prompt_tokens, truncation_strategy, response_format,
       tool_choice, parallel_tool_calls, plugin_mode, plugins, expires_at, next_position, due_ms, lease_owner, attempt,
       includes_content, key_id, begun_with, names_files, place)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, 1, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)`,
    [
      run.workspaceId,
      run.id,
      run.threadId,
      run.assistantId,
      run.ownerId,
      run.createdAt,
      run.status,
      run.model,
      run.instructions,
      JSON.stringify(run.tools),
      JSON.stringify(run.toolResources),
      JSON.stringify(run.metadata),
      run.temperature,
      run.topP,
      run.reasoningEffort,
      run.maxCompletionTokens,
      run.maxPromptTokens,
      JSON.stringify(run.truncationStrategy),
      JSON.stringify(run.responseFormat),
      JSON.stringify(run.toolChoice),
      run.parallelToolCalls ? 1 : 0,
      run.pluginMode,
      JSON.stringify(run.plugins),
      run.expiresAt,
      run.dueMs,
      run.leaseOwner,
      run.attempt,
      run.includesContent ? 1 : 0,
      run.keyId,
      run.begunWith,
      run.namesFiles ? 1 : 0,
      run.place,
    ],
  )
}

/** Writes what changes in a run's life, its lease included. The caller has read the row by {@link findRunForUpdate}, or lets the run go. */
export const updateRun = async (tx: Tx, run: RunRecord): Promise<void> => {
  await tx.run(
    `update runs set status = ?3, required_action = ?4, last_error = ?5, incomplete_reason = ?6, usage = ?7, started_at = ?8,
       cancelled_at = ?9, failed_at = ?10, completed_at = ?11, due_ms = ?12, lease_owner = ?13, attempt = ?14, place = ?15
     where workspace_id = ?1 and id = ?2`,
    [
      run.workspaceId,
      run.id,
      run.status,
      toJson(run.requiredAction),
      toJson(run.lastError),
      run.incompleteReason,
      toJson(run.usage),
      run.startedAt,
      run.cancelledAt,
      run.failedAt,
      run.completedAt,
      run.dueMs,
      run.leaseOwner,
      run.attempt,
      run.place,
    ],
  )
}

/** The run that is next in a thread's line. */
export const nextInLine = async (
  tx: Tx,
  workspaceId: string,
  threadId: string,
): Promise<{ id: string; place: number } | null> =>
  tx.get<{ id: string; place: number }>(
    `select id, place from runs where workspace_id = ?1 and thread_id = ?2 and place is not null
     order by place limit 1`,
    [workspaceId, threadId],
  )

/** A run's turn has come: it is due, and its time counts from now. */
export const beginTurn = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    `update runs set place = null, due_ms = ?3, expires_at = expires_at - created_at + ?4
     where workspace_id = ?1 and id = ?2`,
    [workspaceId, id, nowMs, seconds(nowMs)],
  )
}

/**
 * Writes how far a run has come. Lease and due time are left alone: heartbeats have moved them since the attempt began, and an older
 * value would offer the run to every node.
 */
export const saveProgress = async (
  tx: Tx,
  run: Pick<RunRecord, 'workspaceId' | 'id' | 'status' | 'usage' | 'startedAt'>,
): Promise<void> => {
  await tx.run(
    'update runs set status = ?3, usage = ?4, started_at = ?5 where workspace_id = ?1 and id = ?2',
    [run.workspaceId, run.id, run.status, toJson(run.usage), run.startedAt],
  )
}

export const updateRunMetadata = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  metadata: Metadata,
): Promise<void> => {
  await tx.run('update runs set metadata = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    JSON.stringify(metadata),
  ])
}

/**
 * The fence: locks the run's row if this attempt still holds it.
 * @returns the row's status, which a cancel may have changed; null when the run is gone or another node holds it
 */
export const fenceRun = async (
  tx: Tx,
  run: Pick<RunRecord, 'workspaceId' | 'id' | 'attempt'>,
): Promise<RunRecord['status'] | null> => {
  const row = await tx.get<{ status: RunRecord['status'] }>(
    'update runs set attempt = attempt where workspace_id = ?1 and id = ?2 and attempt = ?3 returning status',
    [run.workspaceId, run.id, run.attempt],
  )
  return row?.status ?? null
}

/** Takes the next step position of a run whose row the unit holds. */
export const takeStepPosition = async (
  tx: Tx,
  run: Pick<RunRecord, 'workspaceId' | 'id'>,
): Promise<number> => {
  const row = await tx.get<{ next_position: number }>(
    'update runs set next_position = next_position + 1 where workspace_id = ?1 and id = ?2 returning next_position',
    [run.workspaceId, run.id],
  )
  if (row === null) throw new Error(`run ${run.id} is gone inside its own unit`)
  return row.next_position - 1
}

/** Which due runs a node may claim: a full node still brings those to their end that need no work. */
export type Claimable = 'all' | 'to be ended'

const claimable = (what: Claimable): string =>
  what === 'all'
    ? 'due_ms is not null and due_ms <= ?1'
    : "due_ms is not null and due_ms <= ?1 and (status = 'cancelling' or expires_at * 1000 <= ?1)"

/** A plain read, so that an idle node writes nothing. */
export const hasDueRun = async (db: Reader, nowMs: number, what: Claimable): Promise<boolean> =>
  (await db.get(`select 1 as found from runs where ${claimable(what)} limit 1`, [nowMs])) !== null

/**
 * Claims one due run for a node, the one that has waited longest. The two engines differ only in how concurrent claimers pass each other: PostgreSQL skips rows another
 * claimer has locked, SQLite runs one unit at a time. The index `runs_due` holds live runs only, so this reads one row.
 */
export const claimRun = async (
  tx: Tx,
  claim: { nowMs: number; leaseUntilMs: number; owner: string; what: Claimable },
): Promise<RunRecord | null> => {
  const skip = tx.engine === 'postgres' ? 'for update skip locked' : ''
  const row = await tx.get(
    `update runs set lease_owner = ?2, due_ms = ?3, attempt = attempt + 1
     where (workspace_id, id) in (
       select workspace_id, id from runs where ${claimable(claim.what)} order by due_ms limit 1 ${skip}
     ) returning *`,
    [claim.nowMs, claim.owner, claim.leaseUntilMs],
  )
  return row === null ? null : toRun(row)
}

/** A run as its holder sees it at a heartbeat. */
export interface HeldRun {
  workspaceId: string
  id: string
  attempt: number
  status: RunRecord['status']
}

/** Renews all leases of a node. Gives the runs it still holds, with the status a cancel may have set. */
export const renewLeases = async (
  tx: Tx,
  owner: string,
  leaseUntilMs: number,
): Promise<HeldRun[]> => {
  const rows = await tx.all(
    `update runs set due_ms = ?2 where due_ms is not null and lease_owner = ?1
     returning workspace_id, id, attempt, status`,
    [owner, leaseUntilMs],
  )
  return rows.map((row) => ({
    workspaceId: row['workspace_id'] as string,
    id: row['id'] as string,
    attempt: row['attempt'] as number,
    status: row['status'] as RunRecord['status'],
  }))
}

/** Lets leases go so that any node may claim at once: this node's at its end, or on SQLite those of a dead predecessor. */
export const releaseLeases = async (tx: Tx, owner: string | null, nowMs: number): Promise<number> =>
  tx.run(
    `update runs set due_ms = ?1, lease_owner = null
     where due_ms is not null and lease_owner is not null ${owner === null ? '' : 'and lease_owner = ?2'}`,
    owner === null ? [nowMs] : [nowMs, owner],
  )

/** Lets one run go that this attempt could not bring to rest, unless another has it already. */
export const releaseRun = async (
  tx: Tx,
  run: Pick<RunRecord, 'workspaceId' | 'id' | 'attempt'>,
  owner: string,
  nowMs: number,
): Promise<number> =>
  tx.run(
    `update runs set due_ms = ?5, lease_owner = null
     where workspace_id = ?1 and id = ?2 and attempt = ?3 and lease_owner = ?4 and due_ms is not null`,
    [run.workspaceId, run.id, run.attempt, owner, nowMs],
  )
