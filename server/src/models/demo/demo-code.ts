/** Python that the demo model writes, for tools that ask for code: what the message holds of it, a sum, or a chart of its numbers. */

const FENCED = /```(?:[a-z]*\n)?([\s\S]+?)```/i
const BACKTICKS = /`([^`]+)`/
const SUM = /(?<![\w.])[\d(][\d\s.()]*(?:[-+*/%×÷]\s*[\d(][\d\s.()]*)+/
const CHART = /\b(?:chart|plot|graph|draw)\b|圖|繪|畫/i

/** Dates, ranges and fractions are no sums to be made. */
const PLAIN_SUM = /[+*×÷]|\s[-/]\s/

const givenCode = (text: string): string | undefined =>
  FENCED.exec(text)?.[1] ?? BACKTICKS.exec(text)?.[1]

/** Whether a message asks for what Python is needed for: code it holds, a chart, a sum. */
export const asksForCode = (text: string): boolean =>
  givenCode(text) !== undefined || CHART.test(text) || PLAIN_SUM.test(SUM.exec(text)?.[0] ?? '')

/** @param text the user's message */
export const demoCode = (text: string): string => {
  const given = givenCode(text)
  if (given !== undefined) return given.trim()
  if (CHART.test(text)) {
    const numbers = text.match(/-?\d+(?:\.\d+)?/g) ?? ['1', '2', '3']
    return `import matplotlib.pyplot as plt\nplt.plot([${numbers.join(', ')}], marker='o')\nplt.show()`
  }
  const sum = SUM.exec(text)?.[0].trim().replaceAll('×', '*').replaceAll('÷', '/')
  return sum === undefined ? `print(${JSON.stringify(text.trim())})` : `print(${sum})`
}
