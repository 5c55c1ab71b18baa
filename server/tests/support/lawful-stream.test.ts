import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertLawfulStream, type StreamContext } from './lawful-stream.ts'
import { holdContentType, readEvents, type WireEvent } from './sse.ts'
import * as sample from './stream-samples.ts'
import { BrokenStreamRule, STREAM_RULES, type StreamRule } from './stream-rules.ts'
import { violations } from './stream-violations.ts'

// The judge itself: it passes every lawful flow and finds each broken rule (behaviour.md 10 to 13).
const WAITED: StreamContext = { waitingStepId: 'step_2' }

describe('lawful', () => {
  const lawful: [name: string, events: WireEvent[], context?: StreamContext][] = [
    ['plain text', sample.plain()],
    ['thread and run', sample.withThread(), { makesThread: true }],
    ['a function call', sample.functionCall()],
    ['its outputs', sample.submitted(), WAITED],
    ['a search', sample.search()],
    ['code', sample.interpreter()],
    ['a token limit', sample.tokenLimit()],
    ['a token limit within a call', sample.cutCall()],
    ['a failure', sample.failure()],
    ['a cancellation', sample.cancelled()],
    ['an expiry', sample.expired()],
    ['a stream fault', [...sample.plain().slice(0, 8), sample.errorEvent()], { mayBreak: true }],
  ]
  for (const [name, events, context] of lawful) it(name, () => assertLawfulStream(events, context))
})

const bytes = async (...pieces: (string | Uint8Array)[]): Promise<void> => {
  const encoder = new TextEncoder()
  const body = pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : piece))
  const events = []
  for await (const one of readEvents(ReadableStream.from(body))) events.push(one)
  assert.ok(events.length > 0)
}
const END = 'event: done\ndata: [DONE]\n\n'
const wire: [rule: StreamRule, name: string, pieces: (string | Uint8Array)[]][] = [
  ['utf-8', 'a byte that is none', ['event: a\ndata: "', new Uint8Array([0xff]), `"\n\n${END}`]],
  ['utf-8', 'half a character at the end', [END, new Uint8Array([0xe4, 0xbd])]],
  ['utf-8', 'a byte order mark', [`\uFEFF${END}`]],
  ['lf', 'CRLF', ['event: done\r\ndata: [DONE]\r\n\r\n']],
  ['event-line', 'no space', [`event:a\ndata:{}\n\n${END}`]],
  ['event-line', 'two data lines', [`event: a\ndata: {"a":\ndata: 1}\n\n${END}`]],
  ['event-line', 'no event line', [`data: {}\n\n${END}`]],
  ['no-id', 'an id', [`event: a\nid: 1\ndata: {}\n\n${END}`]],
  ['no-retry', 'a retry', [`event: a\nretry: 5\ndata: {}\n\n${END}`]],
  ['blank-line', 'none at the end', ['event: done\ndata: [DONE]\n']],
  ['json', 'data that is none', [`event: a\ndata: {a}\n\n${END}`]],
  ['unescaped', 'escapes', [`event: a\ndata: "\\u4f60"\n\n${END}`]],
  ['done-exactly', 'a space after it', ['event: done\ndata: [DONE] \n\n']],
]

describe('finds', () => {
  const broken = (rule: StreamRule) => (error: unknown) => {
    assert.ok(error instanceof BrokenStreamRule, String(error))
    assert.equal(error.rule, rule, error.message)
    return true
  }
  for (const [rule, name, events, context] of violations)
    it(`${rule}: ${name}`, () =>
      assert.throws(() => assertLawfulStream(events, context), broken(rule)))
  for (const [rule, name, pieces] of wire)
    it(`${rule}: ${name}`, () => assert.rejects(bytes(...pieces), broken(rule)))
  it('content-type: another', () =>
    assert.throws(
      () => holdContentType(new Headers({ 'content-type': 'text/event-stream' })),
      broken('content-type'),
    ))

  it('every rule there is', () => {
    const found = new Set<string>(
      [...violations, ...wire].map(([rule]) => rule).concat('content-type'),
    )
    assert.deepEqual(
      Object.keys(STREAM_RULES).filter((rule) => !found.has(rule)),
      [],
    )
  })
  it('comments and characters above ASCII lawful', () =>
    bytes(`: hello\n\nevent: a\ndata: {"a":"你 \\\\u4f60 \\ud83d"}\n\n${END}`))
})
