/** Programs that talk to one assistant with one key, to be run as they stand. */
import type { ShareSnippet } from '../key.ts'

/** What such a program is made for. */
export interface SharedAssistant {
  /** With its prefix. */
  baseUrl: string
  assistantId: string
  key: string
}

type Locale = ShareSnippet['locale']

/** The sentences in them. */
interface Words {
  needs: (command: string) => string
  key: string
  plugins: string
  thread: string
  ask: string
  hello: string
  title: string
}

const WORDS: Readonly<Record<Locale, Words>> = {
  en: {
    needs: (command) => `Needs: ${command}`,
    key: 'Whoever has this key can talk to the assistant. Keep it out of public pages.',
    plugins: 'The assistant asks for its plugins; the server runs them.',
    thread: 'Each visitor has a thread of his own.',
    ask: 'You: ',
    hello: 'Good morning! What can you do?',
    title: 'Assistant',
  },
  'zh-TW': {
    needs: (command) => `需要先安裝：${command}`,
    key: '有這把金鑰的人都能和助理對話，請不要放在公開的網頁裡。',
    plugins: '助理要用外掛時，由伺服器執行。',
    thread: '每位訪客各有自己的 thread。',
    ask: '您：',
    hello: '早安！您可以做什麼？',
    title: '助理',
  },
}

const curl = ({ baseUrl, assistantId, key }: SharedAssistant, words: Words): string =>
  `# ${words.key}
BASE_URL=${baseUrl}
API_KEY=${key}
ASSISTANT_ID=${assistantId}

curl -sN "$BASE_URL/threads/runs" \\
  -H "Authorization: Bearer $API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d @- <<END
{
  "assistant_id": "$ASSISTANT_ID",
  "thread": {"messages": [{"role": "user", "content": "${words.hello}"}]},
  "stream": true
}
END`

/** The lines that Python's two programs share: a client, and a run with its plugins to the end. */
const pythonRun = ({ baseUrl, assistantId, key }: SharedAssistant, words: Words): string =>
  `# ${words.key}
BASE_URL = "${baseUrl}"
API_KEY = "${key}"
ASSISTANT_ID = "${assistantId}"

client = OpenAI(base_url=BASE_URL, api_key=API_KEY)
runs = client.beta.threads.runs


def call_plugin(thread_id, call):
    # ${words.plugins}
    reply = httpx.post(
        f"{BASE_URL}/pluginapi",
        params={"tid": thread_id, "aid": ASSISTANT_ID, "pid": call.function.name},
        headers={"Authorization": f"Bearer {API_KEY}"},
        content=call.function.arguments,
        timeout=600,
    )
    return {"tool_call_id": call.id, "output": reply.text}


def answer(thread_id):
    run = runs.create_and_poll(thread_id=thread_id, assistant_id=ASSISTANT_ID)
    while run.status == "requires_action":
        calls = run.required_action.submit_tool_outputs.tool_calls
        outputs = [call_plugin(thread_id, call) for call in calls]
        run = runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread_id, tool_outputs=outputs
        )
    if run.status != "completed":
        raise RuntimeError(run.last_error.message if run.last_error else run.status)
    newest = client.beta.threads.messages.list(thread_id, limit=1).data[0]
    return "\\n".join(part.text.value for part in newest.content if part.type == "text")`

const python = (shared: SharedAssistant, words: Words): string =>
  `# ${words.needs('pip install openai')}
import httpx
from openai import OpenAI

${pythonRun(shared, words)}


thread = client.beta.threads.create()
while True:
    try:
        text = input("${words.ask}")
    except EOFError:
        break
    client.beta.threads.messages.create(thread.id, role="user", content=text)
    print(answer(thread.id))`

const gradio = (shared: SharedAssistant, words: Words): string =>
  `# ${words.needs('pip install openai gradio')}
import gradio as gr
import httpx
from openai import OpenAI

${pythonRun(shared, words)}


threads = {}


def chat(message, history, request: gr.Request):
    # ${words.thread}
    visitor = request.session_hash
    if not history or visitor not in threads:
        threads[visitor] = client.beta.threads.create().id
    client.beta.threads.messages.create(threads[visitor], role="user", content=message)
    return answer(threads[visitor])


demo = gr.ChatInterface(chat, title="${words.title}")
if __name__ == "__main__":
    demo.launch()`

const node = ({ baseUrl, assistantId, key }: SharedAssistant, words: Words): string =>
  `// ${words.needs('npm install openai')}
import { createInterface } from 'node:readline'
import OpenAI from 'openai'

// ${words.key}
const baseURL = '${baseUrl}'
const apiKey = '${key}'
const assistant_id = '${assistantId}'

const client = new OpenAI({ baseURL, apiKey })
const { messages, runs } = client.beta.threads

// ${words.plugins}
async function callPlugin(thread_id, call) {
  const query = new URLSearchParams({ tid: thread_id, aid: assistant_id, pid: call.function.name })
  const reply = await fetch(\`\${baseURL}/pluginapi?\${query}\`, {
    method: 'POST',
    headers: { authorization: \`Bearer \${apiKey}\` },
    body: call.function.arguments,
  })
  return { tool_call_id: call.id, output: await reply.text() }
}

async function answer(thread_id) {
  let run = await runs.createAndPoll(thread_id, { assistant_id })
  while (run.status === 'requires_action') {
    const calls = run.required_action.submit_tool_outputs.tool_calls
    const tool_outputs = await Promise.all(calls.map((call) => callPlugin(thread_id, call)))
    run = await runs.submitToolOutputsAndPoll(run.id, { thread_id, tool_outputs })
  }
  if (run.status !== 'completed') throw new Error(run.last_error?.message ?? run.status)
  const [newest] = (await messages.list(thread_id, { limit: 1 })).data
  return newest.content.map((part) => part.text?.value ?? '').join('\\n')
}

const thread = await client.beta.threads.create()
const ask = () => process.stdout.write('${words.ask}')
ask()
for await (const line of createInterface({ input: process.stdin })) {
  await messages.create(thread.id, { role: 'user', content: line })
  console.log(await answer(thread.id))
  ask()
}`

const PROGRAMS: Readonly<
  Record<ShareSnippet['lang'], (shared: SharedAssistant, words: Words) => string>
> = { curl, python, node, gradio }

/** The programs in both languages. */
export const shareSnippetsOf = (shared: SharedAssistant): ShareSnippet[] =>
  (['en', 'zh-TW'] as const).flatMap((locale) =>
    (['curl', 'python', 'node', 'gradio'] as const).map((lang) => ({
      lang,
      locale,
      source: PROGRAMS[lang](shared, WORDS[locale]),
    })),
  )
