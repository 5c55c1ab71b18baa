import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bootOrUseServer, bootServer, type Quickstart } from './support/boot.ts'
import { gradioAnswers, runPython, runShell, skipUnlessGuide } from './support/guide.ts'
import { startScriptedModel, type ScriptedModel } from './support/scripted-model.ts'

// Somebody who followed the guide changes the base URL and the key of his program, and it works (issue 2, "Done when" 1).

const UNIT_PRICE = 'What is the unit price if it costs 120 dollars for 2 kg?'
/** 3 x 2 pixels. */
const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=='
const PICTURE_URL = 'https://pictures.example/cat.jpg'
const GENERATIONS = ['openai-1.39', 'openai-2', 'openai-3'] as const

const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { object: string; status?: string; error?: unknown })

const deltas = (text: string) =>
  text.split('\n').filter((line) => line.includes('thread.message.delta')).length

for (const kind of ['demo', 'scripted'] as const)
  describe(
    `the guide's clients with the ${kind} model`,
    { ...skipUnlessGuide(), concurrency: 2 },
    () => {
      let model: ScriptedModel | undefined
      let server: Quickstart
      const isDemo = kind === 'demo'

      before(async () => {
        if (!isDemo) model = await startScriptedModel({ auto: true })
        server =
          model === undefined
            ? await bootOrUseServer()
            : await bootServer({ sandbox: true, model: { url: model.url } })
      })
      after(async () => {
        await server?.[Symbol.asyncDispose]()
        await model?.[Symbol.asyncDispose]()
      })

      /** Image addresses the model was given. */
      const pictures = () =>
        (model?.requests ?? []).flatMap(({ body }) =>
          [...JSON.stringify(body).matchAll(/"url":"([^"]+)"/g)].map((match) => match[1]),
        )

      it('chat.sh answers', async () => {
        const text = await runShell('chat.sh', server, { INPUT_MSG: 'Good morning' })
        assert.match(text, /^you: Good morning\n\ndavinci bot: ".{10,}"\n$/s)
      })

      it('chat.sh calls a plugin', async () => {
        const text = await runShell('chat.sh', server, { INPUT_MSG: UNIT_PRICE })
        assert.match(text, /davinci bot: .*\b60\b/s)
      })

      it('chat_image.sh sends a data URL', async () => {
        const text = await runShell('chat_image.sh', server, { IMAGE_URL: PICTURE })
        assert.match(text, isDemo ? /davinci bot: .*3 x 2/s : /davinci bot: ".{5,}"/s)
        if (!isDemo) assert.ok(pictures().includes(PICTURE))
      })

      it('chat_image.sh sends an address', async () => {
        const text = await runShell('chat_image.sh', server, { IMAGE_URL: PICTURE_URL })
        assert.match(text, isDemo ? /davinci bot: .*pictures\.example/s : /davinci bot: ".{5,}"/s)
        if (!isDemo) assert.ok(pictures().includes(PICTURE_URL))
      })

      it('curl_examples.sh gets an answer to each request', async () => {
        const answers = jsonLines(await runShell('curl_examples.sh', server, {}))
        assert.deepEqual(answers.map(({ object }) => object).slice(0, 3), [
          'thread',
          'thread.message',
          'thread.run',
        ])
        assert.ok(answers.every(({ error }) => error === undefined))
        assert.equal(answers.at(-1)?.status, 'completed')
      })

      for (const client of GENERATIONS) {
        it(`chat.py talks about a picture with ${client}`, async () => {
          const text = await runPython('chat.py', client, server, { IMAGE_URL: PICTURE })
          assert.match(text, isDemo ? /3 x 2/ : /\S{3}/)
          if (!isDemo) assert.ok(pictures().includes(PICTURE))
        })

        it(`chat.py calls a plugin with ${client}`, async () => {
          const settings = { IMAGE_URL: PICTURE, INPUT_MSG: UNIT_PRICE }
          assert.match(await runPython('chat.py', client, server, settings), /\b60\b/)
        })

        it(`chat_stream.py prints the answer as it comes with ${client}`, async () => {
          const text = await runPython('chat_stream.py', client, server, {})
          assert.ok(deltas(text) > (isDemo ? 50 : 1), `${deltas(text)} deltas`)
          if (isDemo) assert.match(text, /1000/)
        })

        it(`chat_stream.py calls a plugin with ${client}`, async () => {
          const text = await runPython('chat_stream.py', client, server, { INPUT_MSG: UNIT_PRICE })
          assert.match(text, /^call plugin \S+ with args: \{/m)
          assert.match(text, /^plugin \S+ result .*\b60\b/m)
          assert.match(text, /thread\.run\.completed/)
          assert.ok(deltas(text) > 1)
        })
      }

      it('gradio_chat.py answers two turns', async () => {
        const [first, second] = await gradioAnswers(server, {}, [UNIT_PRICE, 'Good morning'])
        assert.match(first ?? '', /\b60\b/)
        assert.ok((second ?? '').length > 10)
      })

      it('gradio_chat.py passes CUSTOMIZED_PARAMS to the plugin', async () => {
        const settings = { CUSTOMIZED_PARAMS: '{"msg":"this is a customized params for demo"}' }
        const ask = 'Show the arguments and the customized params of this call'
        const [first, second] = await gradioAnswers(server, settings, [ask, PICTURE])
        assert.match(first ?? '', /this is a customized params for demo/)
        assert.match(second ?? '', isDemo ? /3 x 2/ : /\S{3}/)
      })
    },
  )
