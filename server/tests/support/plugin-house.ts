/** The services of plugins as tests build them: on a sandbox whose answers the test decides. */
import type { OpenAids } from '../../src/features/plugins/call-aids.ts'
import { createPluginCalls } from '../../src/features/plugins/call-service.ts'
import { createCallLog } from '../../src/features/plugins/call-log.ts'
import { createPluginManagement } from '../../src/features/plugins/management.ts'
import { createPluginTests } from '../../src/features/plugins/plugin-tests.ts'
import { createPluginSecrets } from '../../src/features/plugins/plugin-secrets.ts'
import { createPluginService } from '../../src/features/plugins/service.ts'
import { createUserCookie } from '../../src/features/plugins/user-cookie.ts'
import { createLog } from '../../src/platform/log.ts'
import type { Clock } from '../../src/platform/clock.ts'
import type { Logger } from '../../src/platform/log.ts'
import { createSealer } from '../../src/platform/sealing.ts'
import type { Store } from '../../src/platform/store/store.ts'
import { createPluginKinds } from '../../src/plugins/plugin-kinds.ts'
import type { PluginKinds } from '../../src/plugins/plugin-kind.ts'
import { createNoDriver } from '../../src/plugins/python/no-driver.ts'
import type { AnswerQuestion, SandboxDriver } from '../../src/plugins/python/sandbox-driver.ts'

const SECRET_KEY = 'k'.repeat(32)

/** Sets a secret as its owner would. */
export const setSecret = (
  given: { store: Store; clock: Clock },
  plugin: { workspaceId: string; id: string },
  name: string,
  value: string,
): Promise<void> => {
  const secrets = createPluginSecrets({ ...given, sealer: createSealer(SECRET_KEY) })
  return given.store.write('test.secret', (tx) =>
    secrets.set(tx, plugin.workspaceId, plugin.id, name, value),
  )
}

export const pluginService = (
  store: Store,
  clock: Clock,
  kinds: PluginKinds = createPluginKinds({ driver: createNoDriver() }),
) => {
  const secrets = createPluginSecrets({ clock, sealer: createSealer(SECRET_KEY) })
  return createPluginService({ store, clock, kinds, secrets })
}

/** Where there is no model to ask, and pictures are left out. */
export const openNoAids =
  (store: Store, answer?: AnswerQuestion): OpenAids =>
  () => ({
    answer: answer ?? (() => Promise.reject(new Error('no test asks'))),
    modelTokenLimit: null,
    files: () => Promise.resolve([]),
    settled: () => Promise.resolve(),
    endWith: (_pictures, unit) =>
      store.write('plugin.call.end', (tx) =>
        unit(tx, () => Promise.resolve({ ids: [], markdown: '' })),
      ),
  })

export const pluginCalls = (
  given: { store: Store; clock: Clock; log: Logger; driver: SandboxDriver },
  options: Pick<Parameters<typeof createPluginCalls>[0], 'limits' | 'defaultHosts' | 'totalMs'> & {
    openAids?: OpenAids
    kinds?: PluginKinds
  } = {},
) => {
  const { store, clock, log, driver } = given
  const sealer = createSealer(SECRET_KEY)
  return createPluginCalls({
    store,
    plugins: pluginService(store, clock),
    kinds: createPluginKinds({ driver }),
    secrets: createPluginSecrets({ clock, sealer }),
    userCookie: createUserCookie(sealer),
    openAids: openNoAids(store),
    clock,
    log,
    ...options,
  })
}

/** What owners do with plugins, the kinds of the test in place of the server's own. */
export const pluginManagement = (given: {
  store: Store
  clock: Clock
  driver: SandboxDriver
  kinds: Partial<PluginKinds>
  checkVectorStore: Parameters<typeof createPluginManagement>[0]['checkVectorStore']
}) => {
  const { store, clock, driver } = given
  const kinds = { ...createPluginKinds({ driver }), ...given.kinds }
  const sealer = createSealer(SECRET_KEY)
  const secrets = createPluginSecrets({ clock, sealer })
  const plugins = pluginService(store, clock, kinds)
  const calls = createPluginCalls({
    store,
    plugins,
    kinds,
    secrets,
    userCookie: createUserCookie(sealer),
    openAids: openNoAids(store),
    clock,
    log: createLog('silent'),
  })
  const { checkVectorStore } = given
  const callLog = createCallLog({ store, plugins })
  return {
    plugins,
    management: createPluginManagement({ store, plugins, secrets, checkVectorStore }),
    tests: createPluginTests({ store, plugins, calls, callLog, defaultModel: () => null }),
    callLog,
  }
}
