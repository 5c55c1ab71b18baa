import type { FuzzReport } from './fuzz-trial.ts'

/** What earlier trials found, and what became of it. Written by hand. */
const HISTORY = `| found | what became of it |
| --- | --- |
| 500 for a chat or audio body that begins with a byte order mark, where the model has another name at its server | the mark is left out (\`rename-model.ts\`) |
| 500 for a body of blanks on \`/openai/deployments/{name}/...\` | blanks count as no body there too |
| a connection that asked to upgrade hung when its next request was not valid HTTP: Node 24 no longer reports what is wrong after an upgrade that is passed over | such a connection is closed after its answer (\`http/server.ts\`) |
| \`GET /files/{id}/content\` that never ended when the file was deleted at the same moment: its length was promised, its pieces were gone | 404 (\`files/service.ts\`) |
| 500 on SQLite for an attribute of 2^63 or more | bound as a real number (\`sqlite-connection.ts\`) |
| 417 without the envelope for an unknown \`expect\` header | answered like any other request |
| 500 on PostgreSQL when several clients added the same file to a vector store at once | adding locks the store's row (\`vector-stores/store-files.ts\`) |
`

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const statusesOf = ({ statuses }: FuzzReport): string =>
  Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')

const engineSection = (report: FuzzReport): string => {
  const { engine, requests, seed, seconds, slowest, p50Ms, p99Ms, rssMiB, findings } = report
  const lines = [
    `## ${engine}`,
    '',
    row(['figure', 'value']),
    row(['---', '---']),
    row(['requests', requests]),
    row(['seed', seed]),
    row(['time', `${seconds} s`]),
    row(['answers by status', statusesOf(report)]),
    row(['time of an answer, p50 and p99', `${p50Ms} ms, ${p99Ms} ms`]),
    row(['slowest', slowest.map(({ route, ms }) => `${route} ${ms} ms`).join('; ')]),
    row(["server's memory at the end", `${rssMiB} MiB`]),
    row(['findings', findings.length === 0 ? 'none' : findings.length]),
    '',
    ...findings.map((finding) => `- ${finding.slice(0, 300)}`),
  ]
  return lines.join('\n')
}

const routeTable = (reports: readonly FuzzReport[]): string => {
  const names = [...new Set(reports.flatMap(({ routes }) => Object.keys(routes)))].toSorted()
  const rows = names.map((name) => {
    const parts = reports.map(({ routes }) => routes[name])
    const sum = (pick: (one: FuzzReport['routes'][string]) => number) =>
      parts.reduce((total, one) => total + (one === undefined ? 0 : pick(one)), 0)
    const slowest = Math.max(...parts.map((one) => one?.maxMs ?? 0))
    return row([`\`${name}\``, sum((one) => one.requests), sum((one) => one.accepted), slowest])
  })
  return [
    row(['route', 'requests', 'accepted', 'slowest, ms']),
    row(['---', '---', '---', '---']),
    ...rows,
  ].join('\n')
}

/** The page docs/fuzz.md. @param date of the trials, as 2026-11-25 */
export const fuzzReport = (
  reports: readonly FuzzReport[],
  date: string,
): string => `# Random requests

Written by \`npm run test:long -- fuzz\` (${date}); \`npm test\` sends 5,000 requests of the same kind. A request is made from the contract's
schema of its route and then damaged: values of other kinds, numbers at their edges, deep nesting, long texts, lone surrogates, NUL, keys of
prototypes, repeated keys, cut JSON, other encodings, gzip, broken forms, paths, queries and headers; one in a hundred is no HTTP at all.
None may be answered with a 5xx or not at all within 30 s, every 4xx must have the error envelope, nothing may be logged as an error, and
after each thousand the server must still serve an ordinary client. \`MELZI_TEST_SEED\` repeats the requests of a trial; which ids they meet
depends on the answers.

${reports.map(engineSection).join('\n\n')}

## Found and mended so far

${HISTORY}
## Routes

Both engines together. A stream of events is left after 0.3 s, so that its time says nothing.

${routeTable(reports)}
`
