import fc from 'fast-check'
import { bootServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { startPlannedModel } from './planned-model.ts'
import { commands } from './thread-commands.ts'
import { ThreadWorld } from './thread-world.ts'

export interface PropertyOptions {
  engine: 'sqlite' | 'postgres'
  /** How many random lives of a thread. */
  runs: number
  /** As a failure prints it, to see that failure again. */
  seed?: number
}

/** The seed asked for, that of MELZI_TEST_SEED, or a new one. */
export const seedOf = ({ seed }: Pick<PropertyOptions, 'seed'>): number =>
  seed ?? Number(process.env['MELZI_TEST_SEED'] ?? Date.now() % 2 ** 31)

/** Random lawful sequences of calls on one thread each: they keep the invariants. @throws Error with seed and shrunk counter-example */
export const threadProperty = async (options: PropertyOptions): Promise<void> => {
  await using model = await startPlannedModel()
  await using server = await bootServer({ engine: options.engine, model: { url: model.url } })
  const api = new Api(server)
  const assistant = await api.assistant({ tools: [unitPrice] })
  const seed = seedOf(options)
  await fc.assert(
    fc.asyncProperty(commands, async (life) => {
      const thread = await api.thread()
      const world = new ThreadWorld(api, model, assistant.id, thread.id)
      for (const command of life) await world.take(command)
      await world.end()
    }),
    { numRuns: options.runs, seed },
  )
}
