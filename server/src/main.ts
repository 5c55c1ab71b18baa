import { readFileSync } from 'node:fs'
import { readConfig, type Config } from './config/config.ts'
import { detectOllama } from './config/detected-models.ts'
import { readEnv, type Env } from './config/env.ts'
import { readModelsConfig } from './config/models-config.ts'
import type { ModelsConfig } from './config/models-settings.ts'
import { createApp } from './app.ts'
import { createContext, type Context } from './context.ts'
import { baseUrlOf } from './features/quickstart/base-url.ts'
import { howToSetUp } from './features/quickstart/greeting.ts'
import { listModels } from './models/list-models.ts'

/** How long runs may go on after a stop was asked for, in ms; then they are left to the next start, which goes on with them. */
const DRAIN_MS = 10_000
/** How long deliveries of webhooks may go on then, in ms; what is left goes out again at the next start. */
const DELIVERIES_DRAIN_MS = 2_000
/** How long the whole stop may take before the process ends itself, in ms. */
const STOP_MS = 20_000
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** How often what has expired and blobs that nothing holds are looked for, in ms. */
const SWEEP_MS = 30 * 60 * 1000

/** Reads the models' part of the configuration, and looks for an Ollama on this machine when it names none. */
export const findModels = (env: Env): Promise<ModelsConfig> =>
  detectOllama(
    readModelsConfig(env, (path) => readFileSync(path, 'utf8')),
    (baseUrl, signal) => listModels(baseUrl, signal),
  )

/**
 * `melzi serve`: builds, listens, waits for a signal, stops in phases. Resolves when everything is closed.
 * @throws {ConfigError} for a setting that cannot be used; Error for a folder in use or a port taken
 */
export const serve = async (): Promise<void> => {
  const env = readEnv()
  const config = readConfig(env)
  const started = endOnSignals()
  await using context = await createContext(config, await findModels(env))
  const { log } = context
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise was left alone'))
  const app = createApp(context)
  await app.listen({ host: config.http.host, port: config.http.port })
  const baseUrl = baseUrlOf({ ...config.http, port: boundPort(app.server.address(), config) })
  const greeting = await context.quickstart.prepare({ enabled: config.quickstart, baseUrl })
  await context.dispatcher.start(context.store.engine === 'sqlite')
  await context.indexer.start(context.store.engine === 'sqlite')
  context.rightWatch.start()
  context.usageFolder.start()
  await context.webhookSender.start(context.store.engine === 'sqlite')
  const stopped = stopSignal()
  started()
  const sweeper = setInterval(() => sweep(context), SWEEP_MS)
  log.info(
    { url: baseUrl, store: context.store.engine, model: context.models.state().detail },
    'listening',
  )
  if (greeting !== '') process.stdout.write(greeting)
  const token = await context.community.setup.newLink()
  if (token !== null) process.stdout.write(howToSetUp(`${new URL(baseUrl).origin}/setup#${token}`))

  const signal = await stopped
  log.info({ signal, runs: context.dispatcher.active }, 'stopping')
  const limit = setTimeout(() => {
    log.error('the stop took too long; what was in flight goes on at the next start')
    process.exit(1)
  }, STOP_MS)
  clearInterval(sweeper)
  // Refuse new work, give runs and their streams a while, leave the rest to the next start, and close.
  const refusing = app.close()
  await Promise.all([
    context.dispatcher.drain(DRAIN_MS),
    context.webhookSender.drain(DELIVERIES_DRAIN_MS),
  ])
  await context.dispatcher[Symbol.asyncDispose]()
  await context.indexer[Symbol.asyncDispose]()
  await context.usageFolder[Symbol.asyncDispose]()
  await context.webhookSender[Symbol.asyncDispose]()
  app.server.closeAllConnections()
  await refusing
  clearTimeout(limit)
  log.info('stopped')
}

/** Aborts at the first signal that asks the process to stop; a second one ends it the system's own way. */
export const interruption = (): AbortSignal => {
  const stop = new AbortController()
  void stopSignal().then((signal) => {
    process.removeAllListeners(signal)
    stop.abort(new Error(`stopped by ${signal}`))
  })
  return stop.signal
}

/**
 * Until the start is done a signal ends the process the system's own way, even while something blocks it: every start heals what a
 * kill left behind. Only the first process of a container (pid 1) is sent no signal that it does not handle, so it needs a handler.
 * @returns to be called when the start is done
 */
const endOnSignals = (): (() => void) => {
  const end = () => process.exit(1)
  if (process.pid === 1) for (const signal of STOP_SIGNALS) process.on(signal, end)
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, end)
  }
}

const stopSignal = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, resolve)
  })

const boundPort = (address: ReturnType<import('node:net').Server['address']>, config: Config) =>
  typeof address === 'object' && address !== null ? address.port : config.http.port

const sweep = (context: Context): void => {
  context.sweep().then(
    (swept) => {
      if (swept > 0) context.log.info({ swept }, 'blobs that nothing holds were deleted')
    },
    (error: unknown) => context.log.error({ err: error }, 'sweeping failed'),
  )
}
