import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { PARTS } from '@melzi/contract/reference/parts.ts'
import type { Operation } from '@melzi/contract/reference/operation.ts'
import { createApp } from '../../app.ts'
import { readConfig } from '../../config/config.ts'
import { createContext } from '../../context.ts'
import { routesOf } from '../../http/route-table.ts'

// CONTRIBUTING.md rule 2: a route that the reference does not know fails here, and so does a row that is no route.

const PREFIXES = ['/api/assts/v1', '/v1', '/openai', '/openai/v1']
/** Pages for people, and what they are made of. */
const PAGES = [
  '/',
  '/page.css',
  '/page.js',
  '/docs',
  '/docs.css',
  '/docs.js',
  '/setup',
  '/invitation',
  '/sign-in',
  '/reset-password',
  '/share',
  '/door.css',
  '/door.js',
  '/door-page.js',
  '/door-words.js',
]
/** Where browsers are sent back to, by a link in a mail or by the provider of single sign-on. */
const LANDINGS = ['/api/auth/verify-email', '/api/auth/callback/oidc']

const wanted = (prefix: string): string[] => {
  const isThere = ({ place }: Operation) =>
    place === 'azure' ? prefix === '/openai' : place === undefined
  return PARTS.flatMap(({ operations }) => operations)
    .filter(isThere)
    .map(({ method, path: template }) => `${method.toUpperCase()} ${toRoute(template)}`)
}

/** As the router has it; the name of a model may hold slashes. */
const toRoute = (template: string): string =>
  template.replace('{model}', '*').replaceAll(/\{(\w+)\}/g, ':$1')

describe('rows of the reference', () => {
  const stack = new AsyncDisposableStack()
  let routes: string[]

  before(async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'melzi-rows-'))
    stack.defer(() => rm(dir, { recursive: true, force: true }))
    const config = readConfig({ MELZI_DATA: dir, MELZI_SANDBOX: 'off', MELZI_LOG_LEVEL: 'silent' })
    const context = stack.use(await createContext(config, { kind: 'demo', isChosen: true }))
    const app = createApp(context)
    stack.defer(() => app.close())
    await app.ready()
    routes = routesOf(app).map(({ method, url }) => `${method} ${url}`)
  })
  after(() => stack.disposeAsync())

  for (const prefix of PREFIXES)
    it(`are the routes under ${prefix}, one each`, () => {
      const here = routes
        .map((route) => route.split(' '))
        .filter(([, url = '']) => ownerOf(url) === prefix)
        .map(([method, url = '']) => `${method} ${url.slice(prefix.length)}`)
      assert.deepEqual(here.toSorted(), wanted(prefix).toSorted())
    })

  it('are the routes at the root, pages aside', () => {
    const here = routes.filter((route) => ownerOf(route.split(' ')[1] ?? '') === null)
    const rows = PARTS.flatMap(({ operations }) => operations)
      .filter(({ place }) => place === 'root')
      .map(({ method, path: template }) => `${method.toUpperCase()} ${toRoute(template)}`)
    const pages = [...PAGES, ...LANDINGS].map((page) => `GET ${page}`)
    assert.deepEqual(here.toSorted(), [...rows, ...pages].toSorted())
  })
})

/** The longest prefix that an address stands under; null for the root. */
const ownerOf = (url: string): string | null =>
  PREFIXES.toSorted((a, b) => b.length - a.length).find((prefix) => url.startsWith(`${prefix}/`)) ??
  null
