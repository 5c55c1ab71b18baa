/** `POST /pluginapi`, a path of this server's own (behaviour.md 0 row 10). The body is a function's arguments. */
import * as z from 'zod/mini'

export const PluginApiQuery = z.strictObject({
  /** Thread. */
  tid: z.string(),
  /** Assistant. */
  aid: z.string(),
  /** Function name, or the id of the plugin file. */
  pid: z.string(),
  /** JSON text, visible to the plugin as CUSTOMIZED_PARAMS. */
  params: z.optional(z.string()),
})
export type PluginApiQuery = z.infer<typeof PluginApiQuery>

/** At most 8,000 characters and bytes; a longer output is cut. */
export const PluginApiAnswer = z.object({
  text: z.string(),
  /** False when the plugin failed; `text` then says how. */
  ok: z.boolean(),
  call_id: z.string(),
})
export type PluginApiAnswer = z.infer<typeof PluginApiAnswer>
