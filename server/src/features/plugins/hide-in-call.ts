/** Takes a plugin's secrets out of what its call says. Only texts are looked at: a secret may be a word by which a record is read. */
import type { ModelQuestion, SandboxResult } from '../../plugins/python/sandbox-driver.ts'

type Hide = <T>(value: T) => T

/** A result without secrets in any text of the plugin's or its servers'; what it is built of, and kinds, stay. */
export const hideInResult = (hide: Hide, result: SandboxResult): SandboxResult => {
  const { output, stdout, stderr, error, usage } = result
  return {
    ...result,
    output: hide(output),
    stdout: hide(stdout),
    stderr: hide(stderr),
    error: error && {
      kind: error.kind,
      message: hide(error.message),
      traceback: hide(error.traceback),
    },
    usage: {
      ...usage,
      http: usage.http.map(({ host, status, refused }) => ({
        host: hide(host),
        status,
        refused: hide(refused),
      })),
    },
  }
}

/** A question without secrets. */
export const hideInQuestion = (hide: Hide, question: ModelQuestion): ModelQuestion => {
  switch (question.kind) {
    case 'chat': {
      const { kind, conversation, functions } = question
      return { kind, conversation: hide(conversation), functions: hide(functions) }
    }
    case 'infer': {
      const { kind, conversation, description, parameters } = question
      return {
        kind,
        conversation: hide(conversation),
        description: hide(description),
        parameters: hide(parameters),
      }
    }
    default:
      return { ...question, text: hide(question.text) }
  }
}
