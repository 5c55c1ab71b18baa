import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { measureCrowd } from './crowd.ts'
import type { Scale, Section, SectionName } from './figures.ts'
import { measureFirstToken } from './first-token.ts'
import { measureLifecycles } from './lifecycles.ts'
import { measureIndexing } from './indexing.ts'
import { measureKeyCheck } from './key-check.ts'
import { readOptions, USAGE } from './options.ts'
import { measurePluginCalls } from './plugin-calls.ts'
import { thisMachine, toMarkdown, toText } from './report.ts'
import { benchSearchQuality } from './search-quality.ts'
import { measureSearch } from './search.ts'
import { measureStreamCpu } from './stream-cpu.ts'

/** `npm run bench`: what Melzi costs, side by side with doing without it. See options.ts for its options. */

const DOCUMENT = path.join(import.meta.dirname, '../docs/benchmarks.md')

const MEASURES: Record<SectionName, (scale: Scale) => Promise<Section>> = {
  'first-token': measureFirstToken,
  'stream-cpu': measureStreamCpu,
  lifecycles: measureLifecycles,
  'plugin-calls': measurePluginCalls,
  'crowd-deno': measureCrowd('deno'),
  'crowd-native': measureCrowd('native'),
  search: measureSearch,
  indexing: measureIndexing,
  'key-check': measureKeyCheck,
}

const main = async (args: readonly string[]): Promise<void> => {
  const options = readOptions(args)
  if (options.help) {
    process.stdout.write(USAGE)
    return
  }
  const machine = thisMachine()
  if (!options.json) console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}\n`)
  const sections: Section[] = []
  for (const name of options.sections) {
    const section = await MEASURES[name](options)
    sections.push(section)
    if (!options.json) console.log(`${toText(section)}\n`)
  }
  if (options.json) console.log(JSON.stringify({ machine, sections }, null, 2))
  if (!options.write) return
  await mkdir(path.dirname(DOCUMENT), { recursive: true })
  await writeFile(DOCUMENT, toMarkdown(sections, machine, new Date().toISOString().slice(0, 10)))
}

const [first, ...rest] = process.argv.slice(2)
// Not a section: its figures are shares of right answers, and stand in a document of their own.
if (first === 'search-quality') await benchSearchQuality(rest)
else await main(process.argv.slice(2))
