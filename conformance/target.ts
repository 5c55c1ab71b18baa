import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bootServer } from '../server/tests/support/boot.ts'
import { startModelServer } from '../server/tests/support/model-server.ts'
import type { Need } from './row.ts'
import { answerVoice, startScript, type Script } from './script.ts'

/** The server rows are checked against. */
export interface Target extends AsyncDisposable {
  /** As in reports: a name and a version, or an address. */
  readonly name: string
  readonly baseUrl: string
  readonly apiKey: string
  readonly secondKey: string | null
  /** Name of the model assistants use. */
  readonly model: string
  readonly speechModel: string | null
  readonly transcriptionModel: string | null
  /** Address of the same server in Azure's form, up to and with `/openai`. */
  readonly azureUrl: string | null
  /** What makes its model say what a row wants; null when the model is its own. */
  readonly script: Script | null
}

export interface Foreign {
  baseUrl: string
  apiKey: string
  secondKey: string | null
  model: string
  speechModel: string | null
  transcriptionModel: string | null
  azureUrl: string | null
}

/** A server that runs already. */
export const foreignTarget = (foreign: Foreign): Target => ({
  ...foreign,
  name: new URL(foreign.baseUrl).host,
  script: null,
  [Symbol.asyncDispose]: async () => {},
})

/** What the code interpreter fetches, kept from boot to boot. */
const SANDBOX_CACHE = path.join(import.meta.dirname, '../node_modules/.cache/melzi-sandbox')
const MODEL = 'scripted'
const VOICE = 'voice'

/** Melzi, booted on an empty folder, with models that say what rows want. */
export const bootTarget = async (version: string): Promise<Target> => {
  await using resources = new AsyncDisposableStack()
  const script = resources.use(await startScript())
  const voice = resources.use(
    await startModelServer(({ path: url }, response) => answerVoice(url, response)),
  )
  const folder = await mkdtemp(path.join(tmpdir(), 'melzi-conformance-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const models = path.join(folder, 'models.json')
  await writeFile(
    models,
    JSON.stringify({
      strict: true,
      models: [
        { name: MODEL, base_url: script.url },
        { name: VOICE, base_url: `${voice.origin}/v1` },
      ],
    }),
  )
  const env = {
    MELZI_MODELS_FILE: models,
    MELZI_POLL_MS: '100',
    MELZI_INTERPRETER: 'on',
    MELZI_SANDBOX_CACHE: SANDBOX_CACHE,
  }
  const server = resources.use(await bootServer({ env }))
  const { apiKey: secondKey } = await server.keyOf('Somebody else')
  const owned = resources.move()
  return {
    name: `Melzi ${version}`,
    baseUrl: server.baseUrl,
    apiKey: server.apiKey,
    secondKey,
    model: MODEL,
    speechModel: VOICE,
    transcriptionModel: VOICE,
    azureUrl: `${server.origin}/openai`,
    script,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The first thing a row needs that is not here; null when it can run. */
export const lacks = (target: Target, needs: readonly Need[]): Need | null => {
  const has: Record<Need, boolean> = {
    'a scripted model': target.script !== null,
    'a second key': target.secondKey !== null,
    'a speech model': target.speechModel !== null,
    'a transcription model': target.transcriptionModel !== null,
    'an Azure address': target.azureUrl !== null,
  }
  return needs.find((need) => !has[need]) ?? null
}
