import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Operation } from '@melzi/contract/reference/operation.ts'
import { PARTS } from '@melzi/contract/reference/parts.ts'
import { onEachEngine } from '../support/store-engines.ts'
import { CALLERS, type Caller } from '../support/rights-callers.ts'
import { buildHouse, type Answer, type House } from '../support/rights-house.ts'
import type { Ask, Row } from './row.ts'
import { KEY_ROWS, PEOPLE_ROWS, RECORD_ROWS, SHARING_ROWS } from './rows-community.ts'
import { PLUGIN_ROWS, SERVER_ROWS } from './rows-plugins.ts'
import { SIGN_IN_ROWS } from './rows-sign-in.ts'
import { USAGE_ROWS, WEBHOOK_ROWS } from './rows-usage.ts'
import { FILE_ROWS, WIRE_ROWS } from './rows-wire.ts'

// Every route, asked by everybody, on both stores: the reference names the routes (and its own test holds it to the router), so a route
// without a row fails here.

const ROWS: Readonly<Record<string, Row>> = {
  ...WIRE_ROWS,
  ...FILE_ROWS,
  ...PLUGIN_ROWS,
  ...SERVER_ROWS,
  ...PEOPLE_ROWS,
  ...RECORD_ROWS,
  ...SHARING_ROWS,
  ...KEY_ROWS,
  ...SIGN_IN_ROWS,
  ...USAGE_ROWS,
  ...WEBHOOK_ROWS,
}

/** Azure's second address of a call is the same route under another name. */
const OPERATIONS: readonly Operation[] = PARTS.flatMap(({ operations }) => operations).filter(
  ({ place }) => place !== 'azure',
)

describe('the matrix of rights', () => {
  it('has one row for each operation of the reference, and no other', () => {
    assert.deepEqual(Object.keys(ROWS).toSorted(), OPERATIONS.map(({ id }) => id).toSorted())
  })
})

onEachEngine('rights', (engine) => {
  // inside, so that the house is closed before its database goes
  describe('on every route', () => {
    let house: House
    before(async () => {
      house = await buildHouse(engine)
    })
    after(() => house[Symbol.asyncDispose]())

    for (const operation of OPERATIONS) {
      it(`${operation.id}: ${operation.method.toUpperCase()} ${operation.path}`, async () => {
        const row = ROWS[operation.id]
        assert.ok(row !== undefined, 'no row')
        const found: Partial<Record<Caller, number>> = {}
        const seen: Caller[] = []
        let ask = await row.ask(house, 'owner')
        const callers = row.callers ?? CALLERS
        for (const caller of callers) {
          if (row.fresh === true) ask = await row.ask(house, caller)
          const answer = await send(house, operation, ask, caller)
          found[caller] = answer.status
          checkAnswer(answer, caller)
          if (ask.id !== undefined && answer.text.includes(ask.id)) seen.push(caller)
        }
        assert.deepEqual(
          found,
          Object.fromEntries(callers.map((caller) => [caller, row.who[caller]])),
        )
        if (row.sees !== undefined) assert.deepEqual(seen, row.sees)
      })
    }
  })
})

const send = (house: House, operation: Operation, ask: Ask, caller: Caller): Promise<Answer> => {
  const { method, path, place } = operation
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(ask.params[name] ?? assert.fail(`no ${name}`)),
  )
  return house.send(
    caller,
    method.toUpperCase(),
    address + (ask.query ?? ''),
    ask.body,
    place === 'root',
  )
}

/** A refusal is in the envelope, says the kind of object and no more, and never quotes what it hides. */
const checkAnswer = ({ status, body, text }: Answer, caller: Caller): void => {
  if (caller !== 'owner' && caller !== 'edit' && caller !== 'view') {
    assert.ok(!text.includes('canary-instructions'), `${caller} reads the instructions`)
  }
  if (status < 400) return
  const { error } = body as { error: { message: string; type: string } }
  assert.equal(typeof error.message, 'string')
  assert.equal(error.type, 'invalid_request_error')
}
