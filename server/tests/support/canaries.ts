/** The private texts of a maker, each a word that stands nowhere else, and a model and a sandbox that see them. */
import type { SandboxDriver } from '../../src/plugins/python/sandbox-driver.ts'
import { fakeSandbox, sandboxResult } from './fake-sandbox.ts'
import type { ChatBody } from './scripted-auto.ts'
import type { ScriptedTurn } from './scripted-turn.ts'

export const CANARIES = {
  instructions: 'canaryinstructions',
  metadata: 'canarymetadata',
  functionDescription: 'canaryfunctiondescription',
  parameterDescription: 'canaryparameterdescription',
  responseFormat: 'canaryresponseformat',
  pluginDescription: 'canaryplugindescription',
  pluginSource: 'canarypluginsource',
  pluginComment: 'canaryplugincomment',
  pluginSecret: 'canarypluginsecret',
  pluginArguments: 'canarypluginarguments',
  pluginOutput: 'canarypluginoutput',
  pluginPrinted: 'canarypluginprinted',
  traceback: 'canarytraceback',
  openapiUrl: 'canaryopenapiurl',
  openapiTitle: 'canaryopenapititle',
  upstream: 'canaryupstream',
  knowledgeName: 'canaryknowledgename',
  knowledgeContent: 'canaryknowledgecontent',
  knowledgeAttribute: 'canaryknowledgeattribute',
  storeName: 'canarystorename',
  codeFileName: 'canarycodefilename',
  codeFileContent: 'canarycodefilecontent',
  codeInput: 'canarycodeinput',
  codeLogs: 'canarycodelogs',
  searchQuery: 'canarysearchquery',
  provider: 'canaryprovider',
  // of conversations: whoever is not in them hears nothing of them
  makersThread: 'canarymakersthread',
  othersThread: 'canaryothersthread',
} as const
export type Canary = keyof typeof CANARIES

const textOf = (content: unknown): string =>
  typeof content === 'string' ? content : JSON.stringify(content ?? '')

/**
 * Does what the newest message of the user asks for. Tools are called once; then it answers, and quotes of what a tool told it the mark of a
 * passage and nothing more.
 */
export const leakyModel = ({ body }: { body: ChatBody }): ScriptedTurn => {
  const messages = body.messages ?? []
  const asked = textOf(messages.findLast(({ role }) => role === 'user')?.content)
  const last = messages.at(-1)
  if (last?.role === 'tool') {
    const mark = /【[^】]*】/.exec(textOf(last.content))?.[0] ?? ''
    return { text: ['Here it is', mark, '.'] }
  }
  const call = (name: string, given: object): ScriptedTurn => ({
    toolCalls: [{ name, arguments: given }],
  })
  const [, plugin] = /plugin (\w+)/.exec(asked) ?? []
  if (plugin !== undefined) return call(plugin, { text: CANARIES.pluginArguments })
  if (asked.includes('search'))
    return call('file_search', { query: `leave ${CANARIES.searchQuery}` })
  if (asked.includes('python'))
    return call('code_interpreter', { code: `print(1) # ${CANARIES.codeInput}` })
  if (asked.includes('lookup')) return call('lookup', { word: 'leave' })
  if (asked.includes('fail')) {
    const message = `${CANARIES.provider}: the prompt was ${textOf(messages[0]?.content)}`
    return { status: 400, body: { error: { message } } }
  }
  if (asked.includes('hang')) return { text: ['Wait', ' a', ' little'], hangAfter: 1 }
  return { text: ['Hello', ' there'] }
}

/** Runs a plugin by what stands in its source: `fails`, or `quiet`, whose output is for the model; else it gives `fine`. */
export const leakySandbox = (): SandboxDriver =>
  fakeSandbox(({ source }) => {
    if (source.includes('fails')) {
      const traceback = `  File "<plugin>", line 2, in <module>\n    ${CANARIES.traceback}`
      const message = `Traceback (most recent call last):\n${traceback}\nValueError: no such word`
      return Promise.resolve(
        sandboxResult({
          ok: false,
          output: '',
          stdout: CANARIES.pluginPrinted,
          stderr: CANARIES.pluginPrinted,
          error: { kind: 'python', message, traceback },
        }),
      )
    }
    const output = source.includes('quiet') ? CANARIES.pluginOutput : 'fine'
    return Promise.resolve(
      sandboxResult({ output, stdout: output, stderr: CANARIES.pluginPrinted }),
    )
  }).driver
