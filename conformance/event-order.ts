import assert from 'node:assert/strict'
import type { WireEvent } from '../server/tests/support/sse.ts'

const shortName = (event: string) => event.replace(/^thread\.(?:run\.(?=step\.))?/, '')

/** Names of events, `step.delta` and the like, with runs of deltas written once. */
export const order = (events: readonly WireEvent[]): string[] =>
  events
    .map(({ event }) => shortName(event))
    .filter((name, i, all) => !name.endsWith('.delta') || name !== all[i - 1])

/** What the last event of this name says. @throws AssertionError when there is none */
export const last = <T>(events: readonly WireEvent[], name: string): T => {
  const found = events.findLast(({ event }) => shortName(event) === name)
  assert.ok(found, `${name} is not among ${order(events).join(', ')}`)
  return found.data as T
}
