import type { ScriptedTurn } from '../support/scripted-turn.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import type { Plan } from './thread-commands.ts'

/** The scripted model with a plan for each run, which its instructions name: so that many runs may go on at once. */
export interface PlannedModel extends AsyncDisposable {
  readonly url: string
  /** Keeps a plan; gives the instructions that name it. */
  instructions(plan: Plan): string
}

const MARK = /plan-(\d+)\./

const pieces = (count: number): string[] => Array.from({ length: count }, (_, i) => `piece ${i} `)

const turnsOf = (plan: Plan): ScriptedTurn[] => [
  ...plan.rounds.map(({ calls, says, usage }): ScriptedTurn => ({
    text: says ? 'let me see' : [],
    toolCalls: Array.from({ length: calls }, (_, i) => ({
      name: 'unit_price',
      arguments: { price: i, weight: 1 },
    })),
    usage,
  })),
  lastTurn(plan),
]

const lastTurn = ({ end, pieces: count, usage }: Plan): ScriptedTurn => {
  switch (end) {
    case 'text':
      return { text: pieces(count), usage }
    case 'refusal':
      return { refusal: pieces(count), usage }
    case 'length':
      return { text: pieces(count), finishReason: 'length', usage }
    case 'failure':
      return { status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } }
    case 'cut':
      return { text: [...pieces(count), 'never sent'], cutAfter: count, usage }
    case 'hang':
      return { text: [...pieces(count), 'never sent'], hangAfter: count, usage }
  }
}

export const startPlannedModel = async (): Promise<PlannedModel> => {
  const plans = new Map<string, ScriptedTurn[]>()
  const model: ScriptedModel = await startScriptedModel({
    handler: ({ body }) => {
      const [, name] = MARK.exec(JSON.stringify(body.messages ?? [])) ?? []
      // a finished plan asked again fails loudly
      return plans.get(name ?? '')?.shift()
    },
  })
  return {
    url: model.url,
    instructions: (plan) => {
      const name = String(plans.size + 1)
      plans.set(name, turnsOf(plan))
      return `plan-${name}.`
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  }
}
