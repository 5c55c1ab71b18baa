import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Answer } from './answer.ts'
import type { TrialOutcome } from './plugin-trial.ts'

/** What a trial did, for people and as JSON. */
export const trialAnswer = ({
  manifest,
  functions,
  functionName,
  result,
}: TrialOutcome): Answer & { ok: boolean } => {
  const { usage, error } = result
  const ok = result.ok && error === null
  return {
    ok,
    value: {
      plugin_id: manifest.id,
      kind: manifest.api.kind,
      functions: functions.map((one) => ({
        name: one.name,
        operation: one.operation,
        description: one.description,
        parameters: one.parameters,
        enabled: one.isOn,
        ask_before: one.asksBefore,
      })),
      function: functionName,
      ok,
      output: result.output,
      stdout: result.stdout,
      stderr: result.stderr,
      error,
      usage: { ms: usage.ms, cpu_ms: usage.cpuMs, peak_mib: usage.peakMiB, http: usage.http },
      pictures: result.pictures.length,
    },
    text: [
      `${manifest.id}: ${functions.map((one) => signatureOf(one.name, one.parameters)).join(', ')}`,
      ...part(functions.length > 1 ? `output of ${functionName}` : 'output', result.output),
      ...part('stdout', result.stdout.trim() === result.output.trim() ? '' : result.stdout),
      ...part('stderr', result.stderr),
      ...(error === null
        ? []
        : part(`failed (${error.kind})`, [error.message, error.traceback ?? ''].join('\n').trim())),
      ...(result.pictures.length === 0 ? [] : [`-- ${result.pictures.length} picture(s)`]),
      ...usage.http.map(
        ({ host, status, refused }) => `-- ${host}: ${refused ?? status ?? 'no answer'}`,
      ),
      `-- ${ok ? 'completed' : 'failed'} in ${Math.round(usage.ms)} ms, processor ${Math.round(usage.cpuMs)} ms, memory ${Math.round(usage.peakMiB)} MiB`,
    ].join('\n'),
  }
}

/** Writes a trial's pictures as 1.png, 2.png and so on. @throws Error with a sentence that names the folder */
export const writePictures = async (folder: string, { result }: TrialOutcome): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true })
    for (const [index, picture] of result.pictures.entries())
      await writeFile(path.join(folder, `${index + 1}.png`), picture)
  } catch (cause) {
    throw new Error(`${folder} cannot be written to: ${(cause as Error).message}`, { cause })
  }
}

const part = (title: string, text: string): string[] =>
  text === '' ? [] : [`-- ${title}`, text.replace(/\n+$/, '')]

/** `price(kg, currency?)` */
const signatureOf = (name: string, parameters: { [key: string]: unknown }): string => {
  const { properties, required } = parameters
  const needed = Array.isArray(required) ? required : []
  const names = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  return `${name}(${names.map((one) => (needed.includes(one) ? one : `${one}?`)).join(', ')})`
}
