/** Documents in the shapes of well-known APIs: which functions they become, and which requests their calls are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import {
  fixture,
  kindFor,
  openHouse,
  pluginFile,
  startApi,
  type LocalApi,
} from './openapi-house.ts'
import { CASES, type DocumentCase } from './document-cases.ts'
import { MORE_CASES } from './more-document-cases.ts'

const functionsOf = (file: string) =>
  new URL(`fixtures/${file.replace(/\.\w+$/, '')}.functions.json`, import.meta.url)

let api: LocalApi

before(async () => {
  api = await startApi()
})
after(() => api[Symbol.asyncDispose]())

const check = async ({ file, melzi = {}, secrets = {}, url, calls }: DocumentCase) => {
  const kind = kindFor([api.port])
  const document = fixture(file, api.port)
  const from = url === undefined ? null : `http://${url}`.replace('PORT', String(api.port))
  const house = await openHouse(kind, pluginFile({ document, ...melzi }, from))
  assert.deepEqual(
    house.functions.map(({ operation, name, description, parameters }) => ({
      operation,
      name,
      description,
      parameters,
    })),
    JSON.parse(readFileSync(functionsOf(file), 'utf8')),
  )
  for (const { operation, args, ...sent } of calls) {
    api.asked.length = 0
    const result = await house.call(operation, args, { secrets })
    assert.deepEqual([result.ok, result.error], [true, null], operation)
    const [asked] = api.asked
    assert.ok(asked !== undefined && api.asked.length === 1)
    const { method, url: path, headers, body } = asked
    const boundary = /boundary=(.*)$/.exec(String(headers['content-type']))?.[1] ?? '\0'
    const names = Object.keys(sent.headers ?? {})
    assert.deepEqual(
      {
        line: `${method} ${String(headers.host)}${path}`.replace(`:${api.port}`, ''),
        headers: Object.fromEntries(
          names.map((name) => [name, String(headers[name]).replaceAll(boundary, 'BOUNDARY')]),
        ),
        body: body.replaceAll(boundary, 'BOUNDARY'),
      },
      { line: sent.line, headers: sent.headers ?? {}, body: sent.body ?? '' },
    )
    const { http } = result.usage
    assert.deepEqual(http, [
      { host: String(headers.host).split(':')[0], status: 200, refused: null },
    ])
  }
}

describe('OpenAPI documents', () => {
  for (const one of [...CASES, ...MORE_CASES])
    it(`makes functions and requests of ${one.file}`, () => check(one))
})
