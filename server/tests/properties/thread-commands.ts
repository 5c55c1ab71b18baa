import fc from 'fast-check'

/** What happens to one thread in a property test, as plain values: a counter-example is read as a list of these. */

/** One answer of the model that asks for tools. */
export interface ToolRound {
  calls: number
  /** Whether it says something first. */
  says: boolean
  usage: Usage
}

export interface Usage {
  prompt_tokens: number
  completion_tokens: number
}

/** How a run goes on the model's side: rounds of tool calls, then its last answer. No content filter: its reason is none of the schema's (behaviour.md 7). */
export interface Plan {
  rounds: ToolRound[]
  end: 'text' | 'refusal' | 'length' | 'failure' | 'cut' | 'hang'
  pieces: number
  /** Null for a server that tells none. */
  usage: Usage | null
}

export type Command =
  | { do: 'message'; role: 'user' | 'assistant'; text: string }
  | { do: 'delete' | 'mark'; nth: number }
  | { do: 'run'; plan: Plan; stream: boolean; additional: number }
  | { do: 'submit'; stream: boolean; fault: 'none' | 'missing' | 'foreign' | 'twice' }
  | { do: 'cancel' | 'rest' }
  | { do: 'race'; runs: number; messages: number }
  | {
      do: 'page'
      of: 'messages' | 'runs' | 'steps'
      limit: number
      order: 'asc' | 'desc'
      cursor: 'none' | 'after' | 'before' | 'both'
      nth: number
      other: number
    }
  | { do: 'walk'; limit: number; order: 'asc' | 'desc'; back: boolean; writers: number }

const usage: fc.Arbitrary<Usage> = fc.record({
  prompt_tokens: fc.nat(500),
  completion_tokens: fc.nat(500),
})

const plan: fc.Arbitrary<Plan> = fc.record({
  rounds: fc.array(
    fc.record({ calls: fc.integer({ min: 1, max: 3 }), says: fc.boolean(), usage }),
    { maxLength: 2 },
  ),
  end: fc.constantFrom('text', 'text', 'refusal', 'length', 'failure', 'cut', 'hang'),
  pieces: fc.integer({ min: 1, max: 4 }),
  usage: fc.option(usage),
})

/** Text as people write it: any characters but none a store cannot hold; never blank. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((one) => one.trim() !== '' && !one.includes('\0'))

const order = fc.constantFrom('asc' as const, 'desc' as const)
const limit = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(20, 100))
const stream = fc.boolean()

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      role: fc.constantFrom('user' as const, 'assistant' as const),
      text,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      plan,
      stream,
      additional: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      stream,
      fault: fc.constantFrom('none', 'none', 'none', 'missing', 'foreign', 'twice'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('page' as const),
      of: fc.constantFrom('messages' as const, 'runs' as const, 'steps' as const),
      limit,
      order,
      cursor: fc.constantFrom('none', 'after', 'before', 'both'),
      nth: fc.nat(30),
      other: fc.nat(30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'mark' as const),
      nth: fc.nat(30),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'rest' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('race' as const),
      runs: fc.integer({ min: 2, max: 4 }),
      messages: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('walk' as const),
      limit: fc.integer({ min: 1, max: 5 }),
      order,
      back: fc.boolean(),
      writers: fc.integer({ min: 1, max: 3 }),
    }),
  },
)

/** A thread's life. */
export const commands: fc.Arbitrary<Command[]> = fc.array(command, {
  minLength: 4,
  maxLength: 14,
  size: 'max',
})
