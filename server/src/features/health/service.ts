import type { HealthPart, Readiness } from '@melzi/contract/health.ts'
import type { ModelRegistry } from '../../models/language-model.ts'
import type { Store } from '../../platform/store/store.ts'
import type { SandboxDriver } from '../../plugins/python/sandbox-driver.ts'

export interface HealthDeps {
  store: Store
  models: ModelRegistry
  sandbox: SandboxDriver
}

/** How long one look at the sandbox is good for, in ms: it boots a process each time. */
const PROBE_MS = 60_000

const probes = new WeakMap<SandboxDriver, { at: number; part: Promise<HealthPart> }>()

const sandboxState = (sandbox: SandboxDriver): Promise<HealthPart> => {
  const known = probes.get(sandbox)
  if (known !== undefined && Date.now() - known.at < PROBE_MS) return known.part
  const part = sandbox.probe().then(({ ok, why, walls }) => ({
    ok,
    detail: ok ? `${sandbox.name}: ${walls.join(', ')}` : (why ?? 'not available'),
  }))
  probes.set(sandbox, { at: Date.now(), part })
  return part
}

/** An answer within the time, or a part that says it is not there yet. */
const within = async (part: Promise<HealthPart>, milliseconds: number): Promise<HealthPart> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<HealthPart>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'starting' }), milliseconds)
  })
  try {
    return await Promise.race([part, late])
  } finally {
    clearTimeout(timer)
  }
}

export const readiness = async (deps: HealthDeps): Promise<Readiness> => {
  const ping = deps.store.ping().then(
    () => ({ ok: true, detail: deps.store.engine }),
    () => ({ ok: false, detail: `${deps.store.engine} does not answer` }),
  )
  const [store, sandbox] = await Promise.all([
    within(ping, 2_000),
    within(sandboxState(deps.sandbox), 1_000),
  ])
  return { ready: store.ok, store, sandbox, model: deps.models.state() }
}
