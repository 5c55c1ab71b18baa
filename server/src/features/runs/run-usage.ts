import type { ModelUsage } from '../../models/language-model.ts'
import { seconds } from '../../platform/clock.ts'
import type { UsageEntry } from '../usage/service.ts'
import type { RunRecord } from './run-record.ts'

/** What took from one moment to another, in ms. */
export interface Took {
  fromMs: number
  toMs: number
}

/** For whom a run uses what it uses. */
export const usedBy = (run: RunRecord): UsageEntry['by'] => ({
  workspaceId: run.workspaceId,
  personId: run.ownerId,
  keyId: run.keyId,
  assistantId: run.assistantId,
  runId: run.id,
})

const entryOf = (run: RunRecord, { fromMs, toMs }: Took): Pick<UsageEntry, 'by' | 'ms' | 'at'> => ({
  by: usedBy(run),
  ms: toMs - fromMs,
  at: seconds(toMs),
})

/** What one turn of the model cost. @param source the step that carries its usage */
export const turnEntry = (
  run: RunRecord,
  source: string,
  tokens: ModelUsage,
  estimated: boolean,
  took: Took,
): UsageEntry => ({
  ...entryOf(run, took),
  source,
  kind: 'run',
  model: run.model,
  tokens,
  estimated,
})

/** What one call of Python cost. Calls of one run have ids of their own. */
export const codeEntry = (run: RunRecord, callId: string, took: Took): UsageEntry => ({
  ...entryOf(run, took),
  source: `${run.id}/${callId}`,
  kind: 'code_interpreter',
  model: null,
  tokens: null,
  estimated: false,
})
