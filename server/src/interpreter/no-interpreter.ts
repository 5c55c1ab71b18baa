import { notExecuted, type CodeInterpreter } from './code-interpreter.ts'

const WHY = 'The code interpreter is switched off on this server (MELZI_INTERPRETER=off).'

/** Stands where the code interpreter is switched off: every call is answered with one clear sentence, nothing ever runs. */
export const createNoInterpreter = (): CodeInterpreter => ({
  probe: async () => ({ ok: false, why: WHY, walls: [], packages: [] }),
  execute: async () => notExecuted('unavailable', WHY),
  end: async () => {},
  [Symbol.asyncDispose]: async () => {},
})
