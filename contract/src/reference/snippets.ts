/** Each operation as something to paste: curl, Python and Node. */
import { enclose, literal, objectOf } from './literal.ts'
import type { Operation } from './operation.ts'

export interface Snippet {
  lang: 'curl' | 'python' | 'node'
  source: string
}

/** Ids as they look here. */
const SAMPLE_IDS: Readonly<Record<string, string>> = {
  assistant_id: 'asst_abc123',
  thread_id: 'thread_abc123',
  message_id: 'msg_abc123',
  run_id: 'run_abc123',
  step_id: 'step_abc123',
  file_id: 'file-abc123',
  upload_id: 'upload_abc123',
  vector_store_id: 'vs_abc123',
  batch_id: 'vsfb_abc123',
  plugin_id: 'plug_abc123',
  call_id: 'pcall_abc123',
  key_id: 'key_abc123',
  version: '2',
  subject_kind: 'person',
  subject_id: 'person_abc123',
  model: 'gpt-4o',
  deployment: 'gpt-4o',
}

const sampleId = (name: string): string => SAMPLE_IDS[name] ?? 'abc123'

interface Plan {
  operation: Operation
  /** With sample ids and query. */
  url: string
  baseUrl: string
  query: Readonly<Record<string, string | number>>
  /** The sample body, or the fields of the form. */
  sent: Readonly<Record<string, unknown>>
  form: { field: string; sample: string } | null
  /** The name of the file that is the body. */
  file: string | null
  /** The name that bytes are kept under; null for an answer that can be printed. */
  savedAs: string | null
  streams: boolean
}

const planOf = (operation: Operation, baseUrl: string, origin: string): Plan => {
  const { body, place, reply } = operation
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => sampleId(name))
  const query = operation.query?.example ?? {}
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) search.set(key, String(value))
  const [type = '', ...otherTypes] = Object.keys(reply)
  const sent = body === undefined || body.type === 'file' ? {} : body.example
  return {
    operation,
    url:
      (place === 'root' ? origin : baseUrl) +
      path +
      (search.size === 0 ? '' : `?${search.toString()}`),
    baseUrl,
    query,
    sent,
    form: body?.type === 'form' ? body.file : null,
    file: body?.type === 'file' ? body.sample : null,
    savedAs: operation.savedAs ?? null,
    streams: (type === 'text/event-stream' && otherTypes.length === 0) || sent['stream'] === true,
  }
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0

const shellText = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** JSON on one line, or on several when that would be long. */
const spaced = (value: object): string => {
  const line = JSON.stringify(value)
  return line.length <= 60 ? line : JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')
}

const curl = ({ operation, url, sent, form, file, savedAs, streams }: Plan): string => {
  const { method, open = false } = operation
  const sendsNothing = form === null && file === null && isEmpty(sent)
  const parts = [`curl${streams ? ' -N' : ''} ${url.includes('?') ? shellText(url) : url}`]
  if (method === 'delete') parts.push('-X DELETE')
  if (method === 'post' && sendsNothing) parts.push('-X POST')
  if (!open) parts.push('-H "Authorization: Bearer $API_KEY"')
  if (form !== null) {
    for (const [key, value] of Object.entries(sent)) parts.push(`-F ${key}=${String(value)}`)
    parts.push(`-F ${form.field}=@${form.sample}`)
  } else if (!isEmpty(sent))
    parts.push("-H 'Content-Type: application/json'", `-d ${shellText(spaced(sent))}`)
  if (file !== null) parts.push("-H 'Content-Type: application/json'", `--data-binary @${file}`)
  if (savedAs !== null) parts.push(`-o ${savedAs}`)
  return parts.join(' \\\n  ')
}

/** What an SDK call is given: the last id of the path by position, all else by name. */
const sdkArguments = ({ operation, sent, query }: Plan) => {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const last = names.pop()
  const ids = Object.fromEntries(names.map((name) => [name, sampleId(name)]))
  return {
    last: last === undefined ? [] : [sampleId(last)],
    named: Object.entries({ ...ids, ...query, ...sent } as Record<string, unknown>),
  }
}

const python = (plan: Plan, sdk: string): string => {
  const { baseUrl, form, savedAs, streams } = plan
  const { last, named } = sdkArguments(plan)
  const given = [
    ...last.map((id) => literal(id, 'python')),
    ...named.map(([name, value]) => `${name}=${literal(value, 'python')}`),
    ...(form === null ? [] : [`${form.field}=open("${form.sample}", "rb")`]),
  ]
  const call = enclose(`client.${sdk}(`, given, ')', 'python')
  const settings = [`base_url="${baseUrl}"`, 'api_key=os.environ["API_KEY"]']
  const client = enclose('client = OpenAI(', settings, ')', 'python')
  const head = `import os\nfrom openai import OpenAI\n\n${client}\n`
  if (savedAs !== null) return `${head}${call}.write_to_file("${savedAs}")`
  if (streams) return `${head}for event in ${call}:\n    print(event.event, event.data)`
  return `${head}reply = ${call}\nprint(reply)`
}

/** For calls the SDK does not have: the HTTP client that comes with it. */
const pythonRequest = ({ operation, url, sent, form, file, savedAs, streams }: Plan): string => {
  const { method, open = false } = operation
  const given = [literal(url, 'python')]
  if (!open) given.push(`headers={"Authorization": f"Bearer {os.environ['API_KEY']}"}`)
  if (form !== null) {
    given.push(`data=${literal(sent, 'python')}`)
    given.push(`files={"${form.field}": open("${form.sample}", "rb")}`)
  } else if (!isEmpty(sent)) given.push(`json=${literal(sent, 'python')}`)
  if (file !== null) given.push(`content=open("${file}", "rb").read()`)
  const head = open ? 'import httpx\n' : 'import os\nimport httpx\n'
  if (streams) {
    const call = enclose('httpx.stream(', ['"GET"', ...given, 'timeout=None'], ')', 'python')
    return `${head}
with ${call} as reply:
    for line in reply.iter_lines():
        print(line)`
  }
  const call = enclose(`httpx.${method}(`, given, ')', 'python')
  const end =
    savedAs === null ? 'print(reply.json())' : `open("${savedAs}", "wb").write(reply.content)`
  return `${head}\nreply = ${call}\n${end}`
}

const camel = (name: string): string =>
  name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

const node = (plan: Plan, sdk: string): string => {
  const { baseUrl, form, savedAs, streams } = plan
  const { last, named } = sdkArguments(plan)
  const options = named.map(([name, value]) => `${name}: ${literal(value, 'node')}`)
  if (form !== null) options.push(`${form.field}: createReadStream('${form.sample}')`)
  const given = last.map((id) => literal(id, 'node'))
  if (options.length > 0) given.push(objectOf(options, 'node', sdk.length + 40))
  const call = `client.${camel(sdk)}(${given.join(', ')})`
  const head = `${form === null ? '' : "import { createReadStream } from 'node:fs'\n"}${
    savedAs === null ? '' : "import { writeFile } from 'node:fs/promises'\n"
  }import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: '${baseUrl}',
  apiKey: process.env.API_KEY,
})
`
  if (streams)
    return `${head}for await (const event of await ${call}) console.log(event.event, event.data)`
  if (savedAs === null) return `${head}const reply = await ${call}\nconsole.log(reply)`
  return `${head}const content = await ${call}\n${saving('content', savedAs)}`
}

const saving = (from: string, name: string): string =>
  `await writeFile('${name}', Buffer.from(await ${from}.arrayBuffer()))`

/** For calls the SDK does not have. */
const nodeRequest = ({ operation, url, sent, form, file, savedAs, streams }: Plan): string => {
  const { method, open = false } = operation
  const options: string[] = []
  const used: [name: string, module: string][] = []
  const lines: string[] = []
  if (method !== 'get') options.push(`method: '${method.toUpperCase()}'`)
  if (!open) options.push('headers: { authorization: `Bearer ${process.env.API_KEY}` }')
  if (form !== null) {
    used.push(['openAsBlob', 'node:fs'])
    lines.push('const form = new FormData()')
    for (const [key, value] of Object.entries(sent))
      lines.push(`form.set('${key}', ${literal(value, 'node')})`)
    lines.push(`form.set('${form.field}', await openAsBlob('${form.sample}'), '${form.sample}')`)
    options.push('body: form')
  } else if (!isEmpty(sent)) options.push(`body: JSON.stringify(${literal(sent, 'node')})`)
  if (file !== null) {
    used.push(['readFile', 'node:fs/promises'])
    options.push(`body: await readFile('${file}')`)
  }
  if (savedAs !== null) used.push(['writeFile', 'node:fs/promises'])
  const imports = used.map(([name, module]) => `import { ${name} } from '${module}'`)
  if (imports.length > 0) lines.unshift(...imports, '')
  const given = [literal(url, 'node')]
  if (options.length > 0) given.push(objectOf(options, 'node', url.length + 30))
  lines.push(`const reply = await fetch(${given.join(', ')})`)
  if (savedAs !== null) lines.push(saving('reply', savedAs))
  else if (streams)
    lines.push(
      'const texts = reply.body.pipeThrough(new TextDecoderStream())',
      'for await (const text of texts) process.stdout.write(text)',
    )
  else lines.push('console.log(await reply.json())')
  return lines.join('\n')
}

/**
 * The operation as three programs, which take the key from the variable API_KEY.
 * @param baseUrl with its prefix
 * @param origin where the paths outside of the prefix are
 */
export const snippetsOf = (operation: Operation, baseUrl: string, origin: string): Snippet[] => {
  const plan = planOf(operation, baseUrl, origin)
  const { sdk } = operation
  return [
    { lang: 'curl', source: curl(plan) },
    { lang: 'python', source: sdk === undefined ? pythonRequest(plan) : python(plan, sdk) },
    { lang: 'node', source: sdk === undefined ? nodeRequest(plan) : node(plan, sdk) },
  ]
}
