/** The services of plugins as tests build them: on a sandbox whose answers the test decides. */
import { openNoAids } from '../../src/features/plugins/call-aids.ts'
import { createPluginCalls } from '../../src/features/plugins/call-service.ts'
import { createPluginSecrets } from '../../src/features/plugins/plugin-secrets.ts'
import { createPluginService } from '../../src/features/plugins/service.ts'
import { createUserCookie } from '../../src/features/plugins/user-cookie.ts'
import type { Clock } from '../../src/platform/clock.ts'
import type { Logger } from '../../src/platform/log.ts'
import { createSealer } from '../../src/platform/sealing.ts'
import type { Store } from '../../src/platform/store/store.ts'
import { createPluginKinds } from '../../src/plugins/plugin-kinds.ts'
import type { PluginKinds } from '../../src/plugins/plugin-kind.ts'
import { createNoDriver } from '../../src/plugins/python/no-driver.ts'
import type { SandboxDriver } from '../../src/plugins/python/sandbox-driver.ts'

const SECRET_KEY = 'k'.repeat(32)

export const pluginService = (
  store: Store,
  clock: Clock,
  kinds: PluginKinds = createPluginKinds({ driver: createNoDriver() }),
) => {
  const secrets = createPluginSecrets({ clock, sealer: createSealer(SECRET_KEY) })
  return createPluginService({ store, clock, kinds, secrets })
}

export const pluginCalls = (
  given: { store: Store; clock: Clock; log: Logger; driver: SandboxDriver },
  options: Pick<
    Parameters<typeof createPluginCalls>[0],
    'limits' | 'defaultHosts' | 'totalMs'
  > = {},
) => {
  const { store, clock, log, driver } = given
  const sealer = createSealer(SECRET_KEY)
  return createPluginCalls({
    store,
    plugins: pluginService(store, clock),
    kinds: createPluginKinds({ driver }),
    secrets: createPluginSecrets({ clock, sealer }),
    userCookie: createUserCookie(sealer),
    openAids: openNoAids,
    clock,
    log,
    ...options,
  })
}
