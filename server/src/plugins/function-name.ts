import { createHash } from 'node:crypto'

const ALLOWED = /^[a-zA-Z0-9_-]{1,64}$/
/** Leaves room for `_` and eight hex digits within 64 characters. */
const LONGEST_STEM = 55

/**
 * The function name of a plugin as models and clients see it, always `^[a-zA-Z0-9_-]{1,64}$` (plugins.md 1): the id, else the name
 * for the model, where they qualify; else the ASCII words of either followed by eight hex digits of the id's SHA-256, so that two
 * ids such as 查詢 and 計算 never share a name. The same id and name always give the same function name.
 */
export const functionNameOf = (id: string, nameForModel: string): string => {
  if (ALLOWED.test(id)) return id
  if (ALLOWED.test(nameForModel)) return nameForModel
  const stem = asciiWords(id) || asciiWords(nameForModel) || 'plugin'
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 8)
  return `${stem}_${digest}`
}

const asciiWords = (text: string): string =>
  (text.match(/[a-zA-Z0-9]+/g) ?? []).join('_').slice(0, LONGEST_STEM).replace(/_$/, '')
