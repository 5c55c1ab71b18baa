import type { CodeInterpreter, Execution } from '../../src/interpreter/code-interpreter.ts'

/** What Python gives for a piece of code. */
export type PythonAnswer = (code: string, signal: AbortSignal) => Promise<Partial<Execution>>

const execution = (fields: Partial<Execution> = {}): Execution => ({
  logs: '',
  value: null,
  ok: true,
  ended: null,
  isNew: false,
  restarted: false,
  images: [],
  files: [],
  usage: { ms: 1, peakMiB: 1 },
  ...fields,
})

export type PythonRequest = Parameters<CodeInterpreter['execute']>[0]

/** An interpreter whose answers the test decides, with what it was asked. */
export const fakePython = (
  answer: PythonAnswer = () => Promise.resolve({}),
): { interpreter: CodeInterpreter; asked: PythonRequest[] } => {
  const asked: PythonRequest[] = []
  const interpreter: CodeInterpreter = {
    probe: () => Promise.resolve({ ok: true, why: null, walls: [], packages: [] }),
    execute: async (request, signal) => {
      asked.push(request)
      return execution(await answer(request.code, signal))
    },
    end: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return { interpreter, asked }
}
