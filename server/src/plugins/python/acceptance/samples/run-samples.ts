/** Imports the sample plugins as a maker would and runs them in a sandbox; each has to give its exact answer. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { functionNameOf } from '../../../function-name.ts'
import { parsePluginFile, type JsonObject } from '../../../manifest.ts'
import type { PluginJob } from '../../../plugin-kind.ts'
import type { EgressSettings } from '../../egress-broker.ts'
import { createPythonKind } from '../../python-kind.ts'
import type { SandboxDriver } from '../../sandbox-driver.ts'
import type { SampleCase } from './sample-case.ts'
import { SampleInternet } from './sample-internet.ts'
import { LIMITS } from '../support.ts'

const ROOT = join(import.meta.dirname, '../../../../../..')
const FOLDERS = [join(ROOT, 'examples/plugins'), join(ROOT, 'server/tests/plugins/samples')]

/** Names of all sample plugins, without `.json`. */
export const allSamples = (): string[] =>
  FOLDERS.flatMap((folder) => readdirSync(folder)).map((file) => file.replace(/\.json$/, ''))

const textOf = (file: string): string => {
  const paths = FOLDERS.map((folder) => join(folder, `${file}.json`))
  return readFileSync(paths.find((path) => existsSync(path)) ?? file, 'utf8')
}

/**
 * Declares one test for each case.
 * @param open gives the driver to run them on; its egress settings are those of the fake internet
 * @param prepare gives why they cannot run here, or null: then they are skipped, or fail where they must run
 */
export const runSamples = (
  name: string,
  cases: readonly SampleCase[],
  open: (egress: EgressSettings) => SandboxDriver,
  prepare: (driver: SandboxDriver) => Promise<string | null> = async () => null,
  mustRun = false,
): void => {
  describe(name, { concurrency: 3 }, () => {
    const internet = new SampleInternet()
    let driver: SandboxDriver
    let unavailable: string | null = null
    before(async () => {
      await internet.open()
      driver = open(internet.egress)
      unavailable = await prepare(driver)
      if (unavailable !== null && mustRun) throw new Error(unavailable)
    })
    after(async () => {
      await driver[Symbol.asyncDispose]()
      await internet[Symbol.asyncDispose]()
    })
    for (const [index, sample] of cases.entries())
      it(`${sample.file}: ${JSON.stringify(sample.arguments).slice(0, 60)}`, (t) =>
        unavailable === null
          ? runSample(sample, driver, internet, `owner-${index}`)
          : t.skip(unavailable))
  })
}

const runSample = async (
  sample: SampleCase,
  driver: SandboxDriver,
  internet: SampleInternet,
  ownerId: string,
): Promise<void> => {
  const manifest = parsePluginFile(internet.toLocal(textOf(sample.file)))
  const functionName = functionNameOf(manifest.id, manifest.nameForModel)
  const kind = createPythonKind(driver)
  const [fn, ...others] = kind.functions({ functionName, manifest, document: null })
  assert.deepEqual(
    [fn?.name, argumentsOf(fn?.parameters ?? {}), others],
    [sample.fn, sample.takes, []],
  )
  const { model, given = {} } = sample
  const named = manifest.secrets.map((name) => [name, given.secrets?.[name] ?? ''])
  const job: PluginJob = {
    workspaceId: 'w',
    ownerId,
    callerId: 'caller',
    pluginId: sample.file,
    version: 1,
    functionName,
    manifest,
    document: null,
    vectorStoreId: null,
    operation: null,
    arguments: JSON.parse(internet.toLocal(JSON.stringify(sample.arguments))) as JsonObject,
    customizedParams: null,
    conversation: [],
    userCookie: '',
    modelTokenLimit: null,
    files: [],
    answer: model === undefined ? null : async (question) => model(question),
    limits: { ...LIMITS, wallMs: manifest.timeoutMs ?? LIMITS.wallMs },
    defaultHosts: sample.hosts ?? [],
    ...given,
    secrets: Object.fromEntries(named) as Record<string, string>,
  }
  const result = await kind.call(job, new AbortController().signal)
  const traceback = result.error?.traceback?.split('\n').map((line) => line.trim()) ?? []
  assert.deepEqual(
    {
      output: internet.toPublic(result.output).trimEnd(),
      error: result.error?.message ?? null,
      frames: (sample.error?.frames ?? []).filter((frame) => traceback.includes(frame)),
      truncated: result.truncated,
      pictures: result.pictures.length,
      ...(sample.http === undefined ? {} : { http: statusList(result.usage.http) }),
    },
    {
      output: sample.output,
      error: sample.error?.message ?? null,
      frames: sample.error?.frames ?? [],
      truncated: false,
      pictures: sample.pictures ?? 0,
      ...(sample.http === undefined ? {} : { http: sample.http.toSorted(byNumber) }),
    },
  )
}

/** The names of a function's arguments, with `?` where one may be left out. */
const argumentsOf = (schema: Record<string, unknown>): string[] => {
  const required = (schema['required'] ?? []) as string[]
  return Object.keys(schema['properties'] as object).map((name) =>
    required.includes(name) ? name : `${name}?`,
  )
}

const byNumber = (a: number | null, b: number | null) => (a ?? 0) - (b ?? 0)

const statusList = (http: readonly { status: number | null }[]) =>
  http.map(({ status }) => status).toSorted(byNumber)
