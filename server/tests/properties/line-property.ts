import fc from 'fast-check'
import { bootServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { LineWorld, startLineModel, type LineCommand } from './line-world.ts'
import { seedOf, type PropertyOptions } from './thread-property.ts'

const queue = fc.constantFrom(true, true, true, false)

const command: fc.Arbitrary<LineCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('message' as const), queue }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      queue,
      way: fc.constantFrom('asks' as const, 'asks' as const, 'answers' as const, 'fails' as const),
      additional: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'cancel' as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('leave' as const),
      nth: fc.nat(10),
      kind: fc.constantFrom('message' as const, 'run' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crowd' as const),
      clients: fc.integer({ min: 2, max: 3 }),
      each: fc.integer({ min: 1, max: 3 }),
      finish: fc.boolean(),
    }),
  },
)

/** Random sequences on one thread each, with its line: the server does what the model of it does. @throws Error with seed and counter-example */
export const lineProperty = async (options: PropertyOptions): Promise<void> => {
  await using model = await startLineModel()
  await using server = await bootServer({ engine: options.engine, model: { url: model.url } })
  const api = new Api(server)
  const assistant = await api.assistant({ tools: [unitPrice] })
  const commands = fc.array(command, { minLength: 4, maxLength: 16, size: 'max' })
  await fc.assert(
    fc.asyncProperty(commands, async (life) => {
      const thread = await api.thread()
      const world = new LineWorld(api, model, assistant.id, thread.id)
      // Somebody must be active for a line to form.
      await world.take({ do: 'run', queue: true, way: 'asks', additional: 1 })
      for (const one of life) await world.take(one)
      await world.end()
    }),
    { numRuns: options.runs, seed: seedOf(options) },
  )
}
