import { pluginCalls, pluginService } from '../../../tests/support/plugin-house.ts'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { chooseFunctions } from '../../models/demo/choose-functions.ts'
import { fillArguments } from '../../models/demo/fill-arguments.ts'
import type { PromptFunction } from '../../models/language-model.ts'
import { createLog } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import { DenoDriver } from '../../plugins/python/deno-driver.ts'
import type { PluginCalls } from '../plugins/service.ts'

const EXAMPLES = path.join(import.meta.dirname, '../../../../examples/plugins')
/** Kept between runs: building takes seconds. */
const CACHE = path.join(import.meta.dirname, '../../../../node_modules/.cache/melzi-sandbox')

/** The sample plugins as the demo model meets them, in the real sandbox. */
describe('sample plugins', () => {
  const stack = new AsyncDisposableStack()
  let home: FeatureStore
  let owner: Principal
  let calls: PluginCalls
  const ids = new Map<string, string>()
  const functions: PromptFunction[] = []

  before(async () => {
    home = stack.use(await openFeatureStore())
    const { store } = home
    const clock = { now: () => Date.now() }
    const driver = stack.use(
      new DenoDriver({ cacheDir: CACHE, poolSize: 0, packageIndexUrl: null }),
    )
    const plugins = pluginService(store, clock)
    calls = pluginCalls({ store, driver, clock, log: createLog('silent') })
    owner = await home.person()
    const assistantId = await home.assistant(owner)
    for (const name of ['unit_price.json', 'show_params.json']) {
      const text = await readFile(path.join(EXAMPLES, name), 'utf8')
      const plugin = await plugins.importPlugin(owner, text)
      await store.write('test', (tx) => plugins.attach(tx, owner, assistantId, plugin.id))
    }
    for (const { id, functionName, tool } of await plugins.functionsOf(
      store,
      owner.workspaceId,
      assistantId,
      [],
    )) {
      ids.set(functionName, id)
      functions.push(tool.function)
    }
  })
  after(() => stack.disposeAsync())

  const chosen = (text: string) =>
    chooseFunctions(text, { functions, toolChoice: 'auto', parallelToolCalls: true })
  const call = (
    name: string,
    args: object,
    customizedParams: Record<string, string> | null = null,
  ) =>
    calls.call(
      {
        workspaceId: owner.workspaceId,
        callerId: owner.personId,
        assistantId: 'asst_1',
        threadId: null,
        plugin: { id: ids.get(name) ?? '', functionName: name, operation: null, version: null },
        origin: 'client',
        forRunId: null,
        model: null,
        argumentsText: JSON.stringify(args),
        customizedParams,
        conversation: [],
        run: null,
      },
      new AbortController().signal,
    )

  const questions: [text: string, name: string, args: object][] = [
    [
      'What is the unit price if it costs 120 dollars for 2 kg?',
      'unit_price',
      { price: 120, weight: 2 },
    ],
    ['Show the arguments and the customized params of this call', 'show_params', {}],
    [
      '3 kg cost 180 dollars. What is the price per kilogram?',
      'unit_price',
      { price: 180, weight: 3 },
    ],
    [
      'What is the unit price when the price is 180 and the weight 3?',
      'unit_price',
      { price: 180, weight: 3 },
    ],
    ['3 公斤 180 元，每公斤多少錢？', 'unit_price', { price: 180, weight: 3 }],
    ['價格 180 元，重量 3 公斤，請算單價', 'unit_price', { price: 180, weight: 3 }],
    ['Please show the customized params', 'show_params', {}],
    ['請顯示客製化參數', 'show_params', {}],
  ]
  for (const [text, name, args] of questions) {
    it(`are found by: ${text}`, () => {
      const [fn, ...others] = chosen(text)
      assert.equal(fn?.name, name)
      assert.equal(others.length, 0)
      const filled = fillArguments(text, fn.parameters)
      for (const [key, value] of Object.entries(args)) assert.equal(filled[key], value)
    })
  }

  for (const text of [
    'How does AI work? Explain it in simple terms.',
    '從一數到一千',
    'tell me about the image',
    'What do you think about this image?',
    'Good morning',
    'Hello! Who are you, and what can you do?',
  ]) {
    it(`stay out of: ${text}`, () => assert.deepEqual(chosen(text), []))
  }

  it('answer in the sandbox', async () => {
    const price = await call('unit_price', { price: 180, weight: 3 })
    assert.equal(price.text.trim(), '180 for 3 kg is 60 per kilogram. 每公斤 60 元。')
    const much = await call('unit_price', { price: 1_234_567.5, weight: 0.0125 })
    assert.match(much.text, /^1,234,567.5 for 0.0125 kg is 98,765,400 per kilogram/)
    const shown = await call('show_params', { note: '你好' }, { msg: 'this is a demo' })
    assert.equal(shown.ok, true, shown.text)
    assert.match(shown.text, /ARGUMENTS: {"note": "你好"}/)
    assert.match(shown.text, /CUSTOMIZED_PARAMS: {"msg": ?"this is a demo"}/)
    const nothing = await call('show_params', {})
    assert.match(nothing.text, /CUSTOMIZED_PARAMS: None/)
  })

  it('say clearly what went wrong', async () => {
    const none = await call('unit_price', { price: 180, weight: 0 })
    assert.equal(none.ok, false)
    assert.equal(none.error?.kind, 'python')
    assert.match(none.text, /ValueError: The weight must be more than 0 kg\./)
    assert.match((await call('unit_price', {})).text, /KeyError: 'price'/)
  })
})
