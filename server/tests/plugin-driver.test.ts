import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootServer } from './support/boot.ts'
import { skipUnless } from './support/components.ts'

describe('MELZI_PLUGIN_DRIVER=native', skipUnless('python3'), () => {
  it('runs plugins on the system’s Python, and readyz and doctor say so', async () => {
    const env = { MELZI_PLUGIN_DRIVER: 'native', MELZI_SANDBOX_WORKERS: '1', MELZI_BWRAP: 'off' }
    await using server = await bootServer({ sandbox: true, env })
    const json = async (path: string, body?: string) => {
      const headers = {
        authorization: `Bearer ${server.apiKey}`,
        'content-type': 'application/json',
      }
      const options = body === undefined ? { headers } : { method: 'POST', headers, body }
      return (await fetch(path, options)).json()
    }
    const isReady = async () =>
      ((await json(`${server.origin}/readyz`)) as { sandbox: { ok: boolean; detail: string } })
        .sandbox
    let sandbox = await isReady()
    while (sandbox.detail === 'starting') sandbox = await isReady()
    assert.match(sandbox.detail, /^native: landlock \d+, seccomp, limits, egress-broker$/)
    const { id } = (await json(`${server.baseUrl}/threads`, '{}')) as { id: string }
    const query = new URLSearchParams({ tid: id, aid: server.assistantId, pid: 'unit_price' })
    const answer = await json(
      `${server.baseUrl}/pluginapi?${query.toString()}`,
      JSON.stringify({ price: 300, weight: 2 }),
    )
    assert.match((answer as { text: string }).text, /150 per kilogram/)
    assert.match(await server.cli('doctor'), /Sandbox: native: landlock \d+, seccomp/)
  })
})
