import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { conversation, functions, schema, vendors } from '../../../tests/support/vendor-cases.ts'
import { callsOf, startVendorServer, textOf } from '../../../tests/support/vendor-server.ts'
import { ModelError } from '../language-model.ts'

for (const [name, vendor] of Object.entries(vendors)) {
  describe(`vendor ${name}`, () => {
    const start = () => startVendorServer(vendor.settings, vendor.base)

    it('says text with usage, at its address, with its key', async () => {
      await using server = await start()
      server.answers.push(vendor.text)
      const parts = await server.ask({ maxTokens: 77, temperature: 0.5 })
      assert.equal(textOf(parts), 'Hello 世界')
      const [promptTokens, completionTokens, cachedTokens, reasoningTokens] = vendor.usage
      const usage = { promptTokens, completionTokens, cachedTokens, reasoningTokens }
      assert.deepEqual(parts.at(-1), { type: 'finish', reason: 'stop', usage })
      const [request] = server.requests
      assert.equal(request?.path, vendor.path)
      assert.equal(request?.headers[vendor.key[0]], vendor.key[1])
      const sent = JSON.stringify(server.lastJson())
      assert.match(sent, /"(?:max_tokens|maxOutputTokens|maxTokens|max_completion_tokens)":77\b/)
      assert.match(sent, /"temperature":0\.5/)
    })

    it('calls functions, several at once, and takes their outputs and pictures', async () => {
      await using server = await start()
      server.answers.push(vendor.tools)
      const parts = await server.ask({ messages: conversation, functions })
      vendor.sent.conversation(server.lastJson())
      const calls = callsOf(parts)
      assert.deepEqual(
        calls.map((call) => [call.name, JSON.parse(call.arguments) as unknown]),
        [
          ['unit_price', { price: 120 }],
          ['now', {}],
        ],
      )
      for (const { id } of calls) assert.match(id, /^call_/)
      const last = parts.at(-1)
      assert.ok(last?.type === 'finish' && last.reason === 'tool_calls')
      await server.ask({ functions, toolChoice: { type: 'function', function: { name: 'now' } } })
      vendor.sent.choice(server.lastJson())
      const one = await server.ask({ functions, parallelToolCalls: false })
      assert.equal(callsOf(one).length, 1)
      vendor.sent.single?.(server.lastJson())
    })

    it('forwards reasoning_effort and a JSON schema', async () => {
      await using server = await start()
      server.answers.push(vendor.text)
      await server.ask({ reasoningEffort: 'high' })
      vendor.sent.effort(server.lastJson())
      await server.ask({
        responseFormat: { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } },
      })
      vendor.sent.schema(server.lastJson())
    })

    it('tells why it stopped', async () => {
      await using server = await start()
      server.answers.push(vendor.cut, vendor.filtered)
      const reasonOf = async () => {
        const last = (await server.ask()).at(-1)
        return last?.type === 'finish' ? last.reason : null
      }
      assert.equal(await reasonOf(), 'length')
      assert.equal(await reasonOf(), name === 'mistral' ? 'length' : 'content_filter')
    })

    it('fails as the vendor says, without the key, and tries again where that may help', async () => {
      await using server = await start()
      const body = JSON.stringify(vendor.error).replace('bananas', 'bananas vendor-key-1234567890')
      server.answers.push({ status: 400, body })
      const failure = (code: ModelError['code'], message: RegExp) => (error: unknown) => {
        assert.ok(error instanceof ModelError, String(error))
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.ok(!error.message.includes('vendor-key'))
        return true
      }
      await assert.rejects(server.ask(), failure('invalid_prompt', /'ours' answered 400: too many/))
      assert.equal(server.requests.length, 1)
      server.answers.splice(0, 1, { status: 429, body, headers: { 'retry-after': '0' } })
      await assert.rejects(server.ask(), failure('rate_limit_exceeded', /answered 429/))
      assert.equal(server.requests.length, 4)
      server.answers.splice(0, 1, { status: 503, body }, vendor.text)
      assert.equal(textOf(await server.ask()), 'Hello 世界')
    })

    it('stops the vendor when the run is over', async () => {
      await using server = await start()
      const half = vendor.text.body.slice(0, Math.floor(vendor.text.body.length / 2))
      server.answers.push({ body: half, hangs: true })
      const stop = new AbortController()
      const reading = server.ask({}, stop.signal)
      while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      stop.abort(new Error('enough'))
      await assert.rejects(reading, /enough/)
      assert.equal(await server.requests[0]?.cut, true)
    })
  })
}
