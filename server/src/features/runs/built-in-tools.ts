/** The tools this server brings itself, file_search and code_interpreter, as a run's model and its prompt see them. */
import type { Tool } from '@melzi/contract/tool.ts'
import type { PromptFunction } from '../../models/language-model.ts'
import type { RunRecord, StoredCall } from './run-record.ts'

export type BuiltInType = 'file_search' | 'code_interpreter'

const isBuiltIn = (type: string): type is BuiltInType =>
  type === 'file_search' || type === 'code_interpreter'

/** A file the interpreter's Python finds. */
export interface MountedFile {
  id: string
  name: string
}

/** What a function with a built-in's name is called instead: the model must be able to tell them apart. */
const PREFIX = 'melzi_'

/** The names under which a run's model knows its built-in tools; a name that a function of the run has is not taken twice. */
export const builtInNames = (run: Pick<RunRecord, 'tools'>): Map<BuiltInType, string> => {
  const taken = new Set(
    run.tools.flatMap((tool) => (tool.type === 'function' ? [tool.function.name] : [])),
  )
  const names = new Map<BuiltInType, string>()
  for (const { type } of run.tools) {
    if (!isBuiltIn(type)) continue
    let name: string = type
    while (taken.has(name)) name = PREFIX + name
    names.set(type, name)
  }
  return names
}

/** Which kind of call a function's name means in this run. */
export const kindOfCall = (
  names: ReadonlyMap<BuiltInType, string>,
  name: string,
): StoredCall['type'] => {
  for (const [type, known] of names) if (known === name) return type
  return 'function'
}

const FILE_SEARCH: Omit<PromptFunction, 'name'> = {
  description:
    'Searches the files of this assistant and this conversation and gives the passages that answer best, each with a mark to cite it by. ' +
    'Use it whenever the answer may stand in those files; search again in other words when the first passages do not answer.',
  parameters: {
    type: 'object',
    properties: {
      query: {
        type: 'string',
        description: 'What to look for, in the language the files are written in.',
      },
    },
    required: ['query'],
    additionalProperties: false,
  },
  strict: false,
}

const CODE_INTERPRETER: Omit<PromptFunction, 'name'> = {
  description:
    'Runs Python in a sandbox without network and gives what it printed and the value of its last line. Variables stay from call to call. ' +
    'Use it for calculations, data files, tables and charts: pictures of matplotlib are shown to the user, and files written to /mnt/data can be given to him.',
  parameters: {
    type: 'object',
    properties: { code: { type: 'string', description: 'Python source, several lines.' } },
    required: ['code'],
    additionalProperties: false,
  },
  strict: false,
}

/** A tool of the run as its model is offered it. */
export const promptFunction = (
  tool: Tool,
  names: ReadonlyMap<BuiltInType, string>,
): PromptFunction => {
  if (tool.type === 'function') {
    const { name, description, parameters, strict } = tool.function
    return { name, description: description ?? null, parameters, strict }
  }
  const definition = tool.type === 'file_search' ? FILE_SEARCH : CODE_INTERPRETER
  return { name: names.get(tool.type) ?? tool.type, ...definition }
}

/** Characters of a file's name that the model is told: forty files may each have 1,024. */
const LONGEST_NAME = 200

const CITING =
  'Passages that {file_search} gives begin with a mark such as 【4:0†name】. Where your answer rests on a passage, write its mark, ' +
  'copied exactly, right after the sentence. Never make up a mark.'

const PYTHON_FILES =
  'To give the user a file that your Python wrote, link to it as [name](sandbox:/mnt/data/name), with the path exactly as it was written.'

/** A file's name on one line of instructions, where its owner alone should speak; Python finds a file by its id as well. */
const shownName = (name: string): string => {
  const line = name.replaceAll(/\p{Cc}/gu, ' ')
  return line.length <= LONGEST_NAME ? line : `${line.slice(0, LONGEST_NAME)}…`
}

/**
 * What the model is told about the built-in tools beside their descriptions; null where there are none.
 * @param files what Python finds in /mnt/data
 */
export const toolNotes = (
  names: ReadonlyMap<BuiltInType, string>,
  files: readonly MountedFile[],
): string | null => {
  const notes: string[] = []
  const search = names.get('file_search')
  if (search !== undefined) notes.push(CITING.replace('{file_search}', search))
  if (names.has('code_interpreter')) {
    notes.push(PYTHON_FILES)
    if (files.length > 0) {
      const list = files.map(({ id, name }) => `/mnt/data/${id} (${shownName(name)})`).join('\n')
      notes.push(`Files that your Python finds, with the names they came with:\n${list}`)
    }
  }
  return notes.length === 0 ? null : notes.join('\n\n')
}
