import { parseArgs } from 'node:util'
import { AREAS, type Area } from './row.ts'
import type { Foreign } from './target.ts'

export interface Options {
  /** Null: boot Melzi. */
  foreign: Foreign | null
  areas: readonly Area[]
  /** Where the report goes; null for nowhere. */
  report: string | null
  help: boolean
}

/** What `--write` renews, below the root. */
const DOCUMENT = 'docs/conformance.md'

export const USAGE = `npm run conformance -- [options]
  --base-url <url>   the server to check, up to and with its /v1; without it Melzi is booted with a scripted model
  --api-key <key>    its key
  --second-key <key> a key of somebody else, for the rows on isolation
  --model <name>     the model its assistants use
  --speech-model <name>, --transcription-model <name>
                     for the rows on audio
  --azure-url <url>  the same server in Azure's form, up to and with /openai
  --only <areas>     separated by commas: ${AREAS.join(', ')}
  --report <file>    also write the report as Markdown
  --write            the same to ${DOCUMENT}
Rows make objects on the server and delete them in the end. Use a key of a project for tests.
`

/** @throws Error for an option or an area that is none, or a server without its key and model */
export const readOptions = (args: readonly string[]): Options => {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      'base-url': text,
      'api-key': text,
      'second-key': text,
      model: text,
      'speech-model': text,
      'transcription-model': text,
      'azure-url': text,
      only: text,
      report: text,
      write: flag,
      help: flag,
    },
  })
  const asked = values.only?.split(',').map((name) => name.trim()) ?? [...AREAS]
  for (const name of asked)
    if (!AREAS.some((area) => area === name))
      throw new Error(`'${name}' is no area; there are ${AREAS.join(', ')}`)
  if (values.write && (values['base-url'] !== undefined || values.only !== undefined))
    throw new Error('--write wants every area of the booted Melzi; use --report for another report')
  const { 'base-url': baseUrl, 'api-key': apiKey, model } = values
  if (baseUrl === undefined) {
    for (const name of ['api-key', 'second-key', 'model', 'azure-url'] as const)
      if (values[name] !== undefined) throw new Error(`--${name} goes with --base-url`)
  } else if (apiKey === undefined || model === undefined)
    throw new Error('--base-url goes with --api-key and --model')
  return {
    foreign:
      baseUrl === undefined
        ? null
        : {
            baseUrl,
            apiKey: apiKey ?? '',
            secondKey: values['second-key'] ?? null,
            model: model ?? '',
            speechModel: values['speech-model'] ?? null,
            transcriptionModel: values['transcription-model'] ?? null,
            azureUrl: values['azure-url'] ?? null,
          },
    areas: AREAS.filter((area) => asked.includes(area)),
    report: values.write ? DOCUMENT : (values.report ?? null),
    help: values.help,
  }
}

/** What was typed, without keys. */
export const commandOf = (args: readonly string[]): string => {
  const shown = args.map((arg, i) =>
    args[i - 1]?.endsWith('-key') ? '…' : arg.replace(/^(--[a-z]+-key=).*/s, '$1…'),
  )
  return ['npm run conformance', ...(shown.length > 0 ? ['--', ...shown] : [])].join(' ')
}
