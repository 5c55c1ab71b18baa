/** Words of a text for comparing it with another: lower-case Latin words without plural s, and CJK bigrams. */
const COMMON = new Set(
  (
    'a an and are as at be by can call called do does for from function get give gives given has have how i if in into is it its ' +
    'list make me my of on or please return returns run set show shows tell that the their them then this to tool plugin use used ' +
    'user uses value values want was what when where which who will with would you your about demo test text example think there ' +
    '一個 這個 那個 什麼 甚麼 怎麼 可以 請問 使用 用者 工具 外掛 我的 你的 您的 是什 時使 當使 給出 告訴 訴我 幫我 想要 一下'
  ).split(' '),
)

const singular = (word: string) =>
  word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word

/** `unitPrice_perKg` as `unit Price per Kg`: names of functions and properties as words. */
export const spacedName = (name: string): string =>
  name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[_-]+/g, ' ')

/** The telling words of a text; words that say nothing about a topic are left out. */
export const tellingWords = (text: string): Set<string> => {
  const words = new Set<string>()
  for (const [word] of text.toLowerCase().matchAll(/[a-z][a-z0-9]+/g)) {
    const base = singular(word)
    if (!COMMON.has(word) && !COMMON.has(base)) words.add(base)
  }
  for (const [run] of text.matchAll(/[\u3400-\u9fff]{2,}/g)) {
    for (let i = 0; i + 2 <= run.length; i += 1) {
      const bigram = run.slice(i, i + 2)
      if (!COMMON.has(bigram)) words.add(bigram)
    }
  }
  return words
}

/** True when a text holds Han characters: the demo model then answers in Traditional Chinese. */
export const isChinese = (text: string): boolean => /[\u3400-\u9fff]/.test(text)
