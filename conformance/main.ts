import { mkdir, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Bench } from './bench.ts'
import { checkRows } from './check-rows.ts'
import { commandOf, readOptions, USAGE } from './options.ts'
import { toLine, toMarkdown, toText } from './report.ts'
import { allRows } from './rows.ts'
import { bootTarget, foreignTarget } from './target.ts'

/** `npm run conformance`: whether a server speaks the Assistants v2 wire, row by row. See options.ts for its options. */

const ROOT = path.join(import.meta.dirname, '..')

const version = (): string => {
  const text = readFileSync(path.join(ROOT, 'server/package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

const main = async (args: readonly string[]): Promise<number> => {
  const options = readOptions(args)
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const { foreign } = options
  await using target = foreign === null ? await bootTarget(version()) : foreignTarget(foreign)
  const bench = new Bench(target)
  const rows = allRows().filter((row) => options.areas.includes(row.area))
  const begun = performance.now()
  const outcomes = await checkRows(rows, bench, (outcome) => console.log(toLine(outcome)))
  await bench.clear()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`\n${target.name}: ${rows.length} rows in ${seconds} s\n\n${toText(outcomes)}`)
  if (options.report !== null) {
    const file = path.resolve(ROOT, options.report)
    await mkdir(path.dirname(file), { recursive: true })
    const date = new Date().toISOString().slice(0, 10)
    const heading = { target: target.name, command: commandOf(args), date }
    await writeFile(file, toMarkdown(outcomes, heading))
  }
  return outcomes.some(({ status }) => status === 'fail') ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
