/** Group 10, of Deno alone: Python reaches JavaScript by design; JavaScript reaches nothing. On native Python there is none (16). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertNoBridge } from './attack-suite.ts'
import { attempts, openSandbox } from './support.ts'

const sandbox = openSandbox()
after(() => sandbox[Symbol.asyncDispose]())

test('Deno, Node modules, imports, storage, workers: all refused', () =>
  assertNoBridge(sandbox, false))

test('a permission that is asked for is not given', async () => {
  const names = ['read', 'write', 'net', 'env', 'run', 'sys', 'ffi', 'import']
  const source = names
    .map(
      (name) =>
        `await attempt('${name}', lambda: js.eval("Deno.permissions.request({name: '${name}'}).then((s) => s.state)"))`,
    )
    .join('\n')
  const { got } = await attempts(sandbox, source)
  for (const name of names) assert.doesNotMatch(got[name] ?? '', /granted/)
})

test('a worker gets no more than its parent', async () => {
  const code = `Deno.readTextFile("/etc/passwd").then((t) => postMessage("GOT " + t), (e) => postMessage("refused"))`
  const source = `
code = ${JSON.stringify(code)}
await attempt('worker', lambda: js.eval("""(code) => new Promise((done, fail) => {
  const w = new Worker('data:text/javascript,' + encodeURIComponent(code), {type: 'module'})
  w.onmessage = (e) => e.data === 'refused' ? fail(new Error('refused')) : done(e.data)
  w.onerror = (e) => { e.preventDefault(); fail(new Error(e.message)) }
})""")(code))`
  const { got } = await attempts(sandbox, source)
  assert.match(got['worker'] ?? '', /^refused/)
})

test('process.binding is empty and the pipe cannot be asked for more', async () => {
  const { got } = await attempts(
    sandbox,
    `await attempt('binding', lambda: js.eval("import('node:process').then((p) => Object.keys(p.default.binding('fs')).join())"))`,
  )
  assert.doesNotMatch(got['binding'] ?? '', /open|read|write/)
})
