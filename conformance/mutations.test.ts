import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startModelServer, type ModelServer } from '../server/tests/support/model-server.ts'
import { Bench } from './bench.ts'
import { checkRows } from './check-rows.ts'
import type { Area, Row } from './row.ts'
import { allRows } from './rows.ts'
import { bootTarget, type Target } from './target.ts'

// The judge of servers, judged: whatever is changed in Melzi's answers, a row fails that passes without the change.
interface Answer {
  status: number
  headers: Record<string, string>
  text: string
}
type Change = (answer: Answer) => Answer

const inText =
  (from: RegExp, to: string): Change =>
  (answer) => ({ ...answer, text: answer.text.replaceAll(from, to) })
const inStreams =
  (change: (text: string) => string): Change =>
  (answer) =>
    answer.headers['content-type']?.startsWith('text/event-stream')
      ? { ...answer, text: change(answer.text) }
      : answer
const inHeader =
  (name: string, value: string): Change =>
  (answer) => ({ ...answer, headers: { ...answer.headers, [name]: value } })
const byStatus =
  (from: number, to: number): Change =>
  (answer) => ({ ...answer, status: answer.status === from ? to : answer.status })
const bareType: Change = (answer) => {
  const type = answer.headers['content-type']?.replace(
    'event-stream; charset=utf-8',
    'event-stream',
  )
  return { ...answer, headers: { ...answer.headers, 'content-type': type ?? '' } }
}
const dropEvent = (name: string) =>
  inStreams((text) => text.replace(new RegExp(`event: ${name}\n[^\n]*\n\n`), ''))

const changes: [what: string, area: Area, change: Change][] = [
  ['errors without code', 'transport', inText(/,"code":(?:null|"\w+")\}\}/g, '}}')],
  [
    'another text of an error',
    'assistants',
    inText(/No assistant found/g, 'There is no assistant'),
  ],
  ['a refusal with 422', 'threads', byStatus(400, 422)],
  ['no such object with 400', 'models', byStatus(404, 400)],
  ['a missing key with 403', 'models', byStatus(401, 403)],
  ['times in milliseconds', 'files', inText(/"created_at":(\d+)/g, '"created_at":$1000')],
  ['null metadata', 'assistants', inText(/"metadata":\{\}/g, '"metadata":null')],
  ['a field less', 'threads', inText(/"object":"thread",/g, '')],
  ['more, always', 'messages', inText(/"has_more":false/g, '"has_more":true')],
  ['no more, ever', 'messages', inText(/"has_more":true/g, '"has_more":false')],
  [
    'ids of pages swapped',
    'messages',
    inText(/"first_id":("\w+"),"last_id":("\w+")/g, '"first_id":$2,"last_id":$1'),
  ],
  ['usage doubled', 'tool outputs', inText(/"total_tokens":15/g, '"total_tokens":30')],
  ['no request id', 'transport', inHeader('x-request-id', '')],
  ['a type without charset', 'streams', bareType],
  ['CRLF', 'streams', inStreams((text) => text.replaceAll('\n', '\r\n'))],
  ['ids of events', 'streams', inStreams((text) => text.replaceAll('event: ', 'id: 1\nevent: '))],
  ['no done', 'streams', dropEvent('done')],
  ['a delta less', 'streams', dropEvent('thread.message.delta')],
  ['no step.in_progress', 'streams', dropEvent('thread.run.step.in_progress')],
  ['no run.queued', 'streams', dropEvent('thread.run.queued')],
  ['no thread.created', 'streams', dropEvent('thread.created')],
  [
    'arguments again',
    'streams',
    inStreams((text) =>
      text.replace(
        /(event: thread.run.step.delta\ndata: [^\n]*"arguments":"[^"][^\n]*\n\n)/,
        '$1$1',
      ),
    ),
  ],
]
describe('a change in the answers of a server', () => {
  let target: Target
  let proxy: ModelServer
  let change: Change = (answer) => answer

  before(async () => {
    target = await bootTarget('0')
    const base = new URL(target.baseUrl)
    proxy = await startModelServer(async ({ method, path, headers, body }, response) => {
      const { host: _, connection: __, 'content-length': ___, ...sent } = headers
      const reply = await fetch(base.origin + path, {
        method,
        headers: sent as Record<string, string>,
        ...(body.length > 0 ? { body } : {}),
      })
      const {
        'content-length': ____,
        connection: _____,
        'transfer-encoding': ______,
        ...got
      } = Object.fromEntries(reply.headers)
      const answer = change({ status: reply.status, headers: got, text: await reply.text() })
      response.writeHead(answer.status, answer.headers).end(answer.text)
    })
  })
  after(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await target?.[Symbol.asyncDispose]()
  })

  const fails = async (row: Row, bench: Bench): Promise<boolean> =>
    (await checkRows([row], bench))[0]?.status === 'fail'

  for (const [what, area, one] of changes)
    it(`${what}: a row of ${area} fails`, async () => {
      const baseUrl = proxy.origin + new URL(target.baseUrl).pathname
      // what one made with changed answers, the other does not see
      const [changed, plain] = [new Bench({ ...target, baseUrl }), new Bench(target)]
      // this proxy hands on whole answers: nobody can cancel within one
      const rows = allRows().filter((row) => row.area === area && row.operation !== 'cancelRun')
      change = one
      for (const row of rows) if ((await fails(row, changed)) && !(await fails(row, plain))) return
      assert.fail('every row passed as without the change')
    })
})
