import type { Reader, Row, Tx } from '../../platform/store/store.ts'
import type { PluginModelUsage } from './call-aids.ts'

/** `run`: made by a run; `client`: through /pluginapi; `test`: the plugin's owner tries it, and the call has no assistant ('' ). */
export type CallOrigin = 'run' | 'client' | 'test'

export interface PluginCallRecord {
  workspaceId: string
  id: string
  pluginId: string
  pluginVersion: number
  assistantId: string
  threadId: string | null
  /** Both set when the run itself makes the call, both null when a client came through /pluginapi. */
  runId: string | null
  toolCallId: string | null
  callerId: string
  functionName: string | null
  /** Null for calls of before there were others than the first two. */
  origin: CallOrigin | null
  /** The run that waited while a client made this call. */
  forRunId: string | null
  /** As the caller sent them, JSON or not. */
  arguments: string
  /** JSON. */
  customizedParams: string | null
  status: 'started' | 'completed' | 'failed'
  /** What the model was given. */
  output: string | null
  /** JSON: {kind, message, traceback}. */
  error: string | null
  /** Milliseconds since 1970. */
  startedMs: number
}

/** How a call ended. */
export interface PluginCallEnd {
  status: 'completed' | 'failed'
  output: string
  stdout: string
  stderr: string
  error: string | null
  /** JSON. */
  usage: string | null
  /** Ids of the files made of its pictures. */
  pictureIds: readonly string[]
  /** Milliseconds since 1970. */
  endedMs: number
}

const toRecord = (row: Row): PluginCallRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  pluginId: row['plugin_id'] as string,
  pluginVersion: row['plugin_version'] as number,
  assistantId: row['assistant_id'] as string,
  threadId: row['thread_id'] as string | null,
  runId: row['run_id'] as string | null,
  toolCallId: row['tool_call_id'] as string | null,
  callerId: row['caller_id'] as string,
  functionName: row['function_name'] as string | null,
  origin: row['origin'] as CallOrigin | null,
  forRunId: row['for_run_id'] as string | null,
  arguments: row['arguments'] as string,
  customizedParams: row['customized_params'] as string | null,
  status: row['status'] as PluginCallRecord['status'],
  output: row['output'] as string | null,
  error: row['error'] as string | null,
  startedMs: row['started_ms'] as number,
})

export const findCall = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<PluginCallRecord | null> => {
  const row = await db.get('select * from plugin_calls where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

/**
 * Writes that a call starts. A call of a run is unique by its tool call: where it is a row already, that row is given instead and its
 * output, when it has one, must not be made again.
 */
export const beginCall = async (
  tx: Tx,
  record: Omit<PluginCallRecord, 'status' | 'output' | 'error'>,
): Promise<PluginCallRecord> => {
  await tx.run(
    `insert into plugin_calls (workspace_id, id, plugin_id, plugin_version, assistant_id, thread_id, run_id, tool_call_id, caller_id,
       arguments, customized_params, status, started_ms, function_name, origin, for_run_id)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'started', ?12, ?13, ?14, ?15)
     on conflict (workspace_id, run_id, tool_call_id) where run_id is not null do nothing`,
    [
      record.workspaceId,
      record.id,
      record.pluginId,
      record.pluginVersion,
      record.assistantId,
      record.threadId,
      record.runId,
      record.toolCallId,
      record.callerId,
      record.arguments,
      record.customizedParams,
      record.startedMs,
      record.functionName,
      record.origin,
      record.forRunId,
    ],
  )
  if (record.runId === null) return { ...record, status: 'started', output: null, error: null }
  const row = await tx.get(
    'select * from plugin_calls where workspace_id = ?1 and run_id = ?2 and tool_call_id = ?3',
    [record.workspaceId, record.runId, record.toolCallId],
  )
  return row === null ? { ...record, status: 'started', output: null, error: null } : toRecord(row)
}

/** Writes how a call ended, unless that is written already; gives the call as it now stands. */
export const endCall = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  end: PluginCallEnd,
): Promise<PluginCallRecord | null> => {
  await tx.run(
    `update plugin_calls set status = ?3, output = ?4, stdout = ?5, stderr = ?6, error = ?7, usage = ?8, ended_ms = ?9, picture_ids = ?10
     where workspace_id = ?1 and id = ?2 and status = 'started'`,
    [
      workspaceId,
      id,
      end.status,
      end.output,
      end.stdout,
      end.stderr,
      end.error,
      end.usage,
      end.endedMs,
      JSON.stringify(end.pictureIds),
    ],
  )
  return findCall(tx, workspaceId, id)
}

/** Adds what a question has cost to the record of its call. */
export const addModelUsage = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  usage: PluginModelUsage,
): Promise<void> => {
  const row = await tx.get(
    'select model_usage from plugin_calls where workspace_id = ?1 and id = ?2',
    [workspaceId, id],
  )
  await tx.run('update plugin_calls set model_usage = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    JSON.stringify(sumOf([row?.['model_usage'], JSON.stringify(usage)])),
  ])
}

/**
 * Gives the costs of a run's calls to one of its steps, those of its own calls and of a client's while it waited, and sums what the step
 * has been given so far. Each call is given once, however often this is asked.
 * @param which `ended`: a call that is still under way is left for a later step
 * @returns null when the step was given nothing
 */
export const giveModelUsage = async (
  tx: Tx,
  run: { workspaceId: string; id: string },
  stepId: string,
  which: 'ended' | 'all',
): Promise<PluginModelUsage | null> => {
  const ended = which === 'ended' ? "and status <> 'started'" : ''
  for (const column of ['run_id', 'for_run_id']) {
    await tx.run(
      `update plugin_calls set usage_step_id = ?3
       where workspace_id = ?1 and ${column} = ?2 and usage_step_id is null and model_usage is not null ${ended}`,
      [run.workspaceId, run.id, stepId],
    )
  }
  const rows = await tx.all(
    `select model_usage from plugin_calls
     where workspace_id = ?1 and (run_id = ?2 or for_run_id = ?3) and usage_step_id = ?4`,
    [run.workspaceId, run.id, run.id, stepId],
  )
  return rows.length === 0 ? null : sumOf(rows.map((row) => row['model_usage']))
}

const sumOf = (texts: readonly (Row[string] | undefined)[]): PluginModelUsage => {
  const sum: PluginModelUsage = { prompt_tokens: 0, completion_tokens: 0, requests: 0 }
  for (const text of texts) {
    if (typeof text !== 'string') continue
    const usage = JSON.parse(text) as PluginModelUsage
    sum.prompt_tokens += usage.prompt_tokens
    sum.completion_tokens += usage.completion_tokens
    sum.requests += usage.requests
  }
  return sum
}

/** Milliseconds that the ended calls of a run have taken together. */
export const timeOfRun = async (
  db: Reader,
  workspaceId: string,
  runId: string,
): Promise<number> => {
  const row = await db.get<{ ms: number | null }>(
    'select sum(ended_ms - started_ms) as ms from plugin_calls where workspace_id = ?1 and run_id = ?2 and ended_ms is not null',
    [workspaceId, runId],
  )
  return Number(row?.ms ?? 0)
}
