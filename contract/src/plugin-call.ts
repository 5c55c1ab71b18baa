/** Records of plugin calls, as the plugin's owner sees them. */
import * as z from 'zod/mini'
import { tokenCount, unixSeconds } from './field.ts'
import { listOf } from './list.ts'

const summaryFields = {
  id: z.string(),
  object: z.literal('plugin.call'),
  created_at: unixSeconds,
  plugin_id: z.string(),
  /** Null for a test of a text that was not saved. */
  version: z.nullable(z.int()),
  function_name: z.nullable(z.string()),
  status: z.enum(['in_progress', 'completed', 'failed']),
  /** `run`: made by a run; `client`: through /pluginapi; `test`: its owner tried it. Null in records of before there were tests. */
  origin: z.nullable(z.enum(['run', 'client', 'test'])),
  assistant_id: z.nullable(z.string()),
  thread_id: z.nullable(z.string()),
  /** The run that made the call, or that waited while a client made it. */
  run_id: z.nullable(z.string()),
  tool_call_id: z.nullable(z.string()),
  /** From start to end, waiting included; null while it runs. */
  duration_ms: z.nullable(z.int()),
}

export const PluginCallSummary = z.object(summaryFields)
export type PluginCallSummary = z.infer<typeof PluginCallSummary>

export const PluginCallList = listOf(PluginCallSummary)
export type PluginCallList = z.infer<typeof PluginCallList>

export const PluginCallObject = z.object({
  ...summaryFields,
  /** As the caller wrote them, JSON or not. */
  arguments: z.string(),
  customized_params: z.unknown(),
  /** What the model was given; null while it runs. */
  output: z.nullable(z.string()),
  stdout: z.nullable(z.string()),
  stderr: z.nullable(z.string()),
  error: z.nullable(
    z.object({
      kind: z.string(),
      message: z.string(),
      /** The plugin's own frames, with line numbers of its source. */
      traceback: z.nullable(z.string()),
    }),
  ),
  /** Null when it never got as far as running. */
  usage: z.nullable(
    z.object({
      ms: z.number(),
      cpu_ms: z.number(),
      peak_mib: z.number(),
      /** Requests it made; `refused` says why one did not leave. */
      http: z.array(
        z.object({
          host: z.string(),
          status: z.nullable(z.int()),
          refused: z.nullable(z.string()),
        }),
      ),
    }),
  ),
  /** What its questions to a model cost; null when it asked none. */
  model_usage: z.nullable(
    z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount, requests: tokenCount }),
  ),
  /** Files made of its pictures. */
  pictures: z.array(z.string()),
})
export type PluginCallObject = z.infer<typeof PluginCallObject>
