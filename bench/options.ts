import { parseArgs } from 'node:util'
import { SECTION_NAMES, type Scale, type SectionName } from './figures.ts'

export interface Options extends Scale {
  sections: readonly SectionName[]
  json: boolean
  write: boolean
  help: boolean
}

export const USAGE = `npm run bench -- [options]
  --only <names>     sections, separated by commas: ${SECTION_NAMES.join(', ')}
  --quick            tiny numbers: shows that the bench works, and nothing else
  --json             figures as JSON instead of tables
  --write            also write docs/benchmarks.md
  --profile <folder> the server leaves CPU profiles there
npm run bench -- search-quality [--write]
  how often search finds what was asked for: docs/search-quality.md
`

/** @throws Error for an option or a section that is none */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const asked = values.only?.split(',').map((name) => name.trim()) ?? [...SECTION_NAMES]
  for (const name of asked)
    if (!SECTION_NAMES.some((known) => known === name))
      throw new Error(`'${name}' is no section; there are ${SECTION_NAMES.join(', ')}`)
  if (values.write && (values.quick || values.only !== undefined))
    throw new Error('--write wants the whole bench, without --quick and --only')
  return {
    sections: SECTION_NAMES.filter((name) => asked.includes(name)),
    quick: values.quick,
    json: values.json,
    write: values.write,
    help: values.help,
    profileDir: values.profile ?? null,
  }
}
