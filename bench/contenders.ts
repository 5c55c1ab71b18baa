import { bootServer, type BootedServer } from '../server/tests/support/boot.ts'
import { startChild, type Child } from './child.ts'
import type { Scale } from './figures.ts'
import type { Pace } from './model-server.ts'
import { callJson, type Target } from './read-stream.ts'

const QUESTION = 'What does this machine do in a second?'
const INSTRUCTIONS = 'You are a friendly assistant. Answer in the language of the user.'

export const startModel = (pace: Pace): Promise<Child> =>
  startChild(new URL('model-server.ts', import.meta.url), pace)

export const startClient = (): Promise<Child> =>
  startChild(new URL('load-client.ts', import.meta.url))

/** The real program on a fresh data folder, as an operator starts it. */
export const startMelzi = (
  scale: Scale,
  options: { modelUrl?: string; databaseUrl?: string; env?: Record<string, string> },
): Promise<BootedServer> =>
  bootServer({
    ...(options.modelUrl === undefined ? {} : { model: { url: options.modelUrl } }),
    sandbox: options.modelUrl === undefined,
    env: {
      ...options.env,
      ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
      ...(scale.profileDir === null
        ? {}
        : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${scale.profileDir}` }),
    },
  })

export const headersOf = (server: BootedServer): Record<string, string> => ({
  authorization: `Bearer ${server.apiKey}`,
  'content-type': 'application/json',
})

/** An assistant without tools. @returns its id */
const makeAssistant = async (server: BootedServer): Promise<string> => {
  const { id } = await callJson<{ id: string }>({
    url: `${server.baseUrl}/assistants`,
    method: 'POST',
    headers: headersOf(server),
    body: JSON.stringify({ model: 'scripted', instructions: INSTRUCTIONS }),
  })
  return id
}

/** Body of a call that makes a thread with one message and its run. */
export const runBody = async (server: BootedServer, stream: boolean): Promise<string> =>
  JSON.stringify({
    assistant_id: await makeAssistant(server),
    stream,
    thread: { messages: [{ role: 'user', content: QUESTION }] },
  })

/** A streamed run on a new thread. */
export const melziTarget = async (server: BootedServer): Promise<Target> => ({
  url: `${server.baseUrl}/threads/runs`,
  method: 'POST',
  headers: headersOf(server),
  body: await runBody(server, true),
  token: 'event: thread.message.delta\n',
  end: 'event: thread.run.completed\n',
})

/** The same question to whoever speaks as the model does. @param url without `/chat/completions` */
export const modelTarget = (url: string): Target => ({
  url: `${url}/chat/completions`,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'scripted',
    stream: true,
    messages: [
      { role: 'system', content: INSTRUCTIONS },
      { role: 'user', content: QUESTION },
    ],
  }),
  token: '"delta":{"content":"',
  end: 'data: [DONE]',
})
