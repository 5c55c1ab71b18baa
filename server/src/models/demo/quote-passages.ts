/** How the demo model answers from passages of files: it quotes the first ones and cites them by their marks. */

const PASSAGE = /(【\d+:\d+†[^【】\n]*】)\n/
const QUOTED = 2
const QUOTE_LENGTH = 300

/**
 * @param output what a search gave: passages, each after a line with its mark
 * @returns null when the output holds no marked passage
 */
export const quotePassages = (output: string, chinese: boolean): string | null => {
  const [, ...pieces] = output.split(PASSAGE)
  const quotes: string[] = []
  for (let at = 0; at + 1 < pieces.length && quotes.length < QUOTED; at += 2) {
    const chars = [...(pieces[at + 1] ?? '').trim().replaceAll(/\s+/g, ' ')]
    const text = chars.length <= QUOTE_LENGTH ? chars : [...chars.slice(0, QUOTE_LENGTH), '…']
    quotes.push(chinese ? `「${text.join('')}」${pieces[at]}` : `"${text.join('')}"${pieces[at]}`)
  }
  if (quotes.length === 0) return null
  return chinese ? `檔案裡寫著：${quotes.join('')}` : `The files say: ${quotes.join(' ')}`
}
