/** What `/healthz` and `/readyz` say: paths of this server's own, open to all. */
import * as z from 'zod/mini'

export const Health = z.object({ status: z.literal('ok') })

const HealthPart = z.object({ ok: z.boolean(), detail: z.string() })
export type HealthPart = z.infer<typeof HealthPart>

export const Readiness = z.object({
  /** Whether requests can be served: the store decides. A model or sandbox in trouble is shown, and answers for itself. */
  ready: z.boolean(),
  store: HealthPart,
  sandbox: HealthPart,
  model: HealthPart,
})
export type Readiness = z.infer<typeof Readiness>
