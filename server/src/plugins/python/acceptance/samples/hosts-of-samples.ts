/** The services of the sample plugins in `server/tests/plugins/samples`: JSON, XML, HTML, Big5, redirects, cookies, faults, slowness. */
import { createHmac } from 'node:crypto'
import { toBig5 } from './big5.ts'
import type { FakeHost } from './sample-internet.ts'

/** 3 x 2 pixels. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg==',
  'base64',
)

const judgment = (year: number, word: string, number: number, date: string, title: string) => ({
  JID: `TPDV,${year},${word},${number},${date},1`,
  JTITLE: title,
  JDATE: `${year}-${date.slice(4, 6)}-${date.slice(6)}`,
})
const RENT = judgment(114, '訴', 1023, '20250918', '返還租賃房屋')
const DEPOSIT = judgment(113, '簡上', 57, '20240605', '返還押租金')
const MAIN_TEXT: Record<string, string> = {
  [RENT.JID]: '被告應將房屋騰空返還原告。\r\n　　訴訟費用由被告負擔。',
  [DEPOSIT.JID]: '上訴駁回。',
}

const judgments: FakeHost = ({ method, path, body }) => {
  if (method !== 'POST') return { status: 405, body: { error: '請用 POST' } }
  const asked = JSON.parse(body) as Record<string, string | number | null>
  if (path === '/jdg/api/Auth')
    return asked['password'] === 'demo-only' ? { body: { token: 't-1' } } : { status: 401 }
  if (asked['token'] !== 't-1') return { status: 401, body: { error: '驗證失敗' } }
  if (path === '/jdg/api/Search') {
    const found = { 押金: [DEPOSIT], 押租金: [DEPOSIT], 租賃: [RENT, DEPOSIT] }
    return { body: { list: found[asked['q'] as keyof typeof found] ?? [] } }
  }
  const main = MAIN_TEXT[String(asked['j'])]
  if (path !== '/jdg/api/JDoc' || main === undefined) return null
  const text = `臺灣臺北地方法院民事判決\r\n主文\r\n　　${main}\r\n事實及理由\r\n一、……`
  return { body: { JFULLX: { JFULLTYPE: 'text', JFULLCONTENT: text } } }
}

const news: FakeHost = ({ query, headers }) => {
  if (headers.authorization !== `Basic ${btoa('reader:reader-key')}`) return { status: 401 }
  const article = (id: number, title: string, summary: string) => ({
    url: `https://news.example/a/${id}`,
    title,
    summary,
  })
  const chip = article(1, 'New 2 nm line opens', 'The line in Kaohsiung starts in December.')
  const found: Record<string, object[]> = {
    'chip factory': [chip],
    'semiconductor fab': [chip, article(2, 'Water for fabs', 'A second pipe is “ready”.')],
    // An article that is longer than there is room for.
    'wafer plant': [article(3, 'Everything about wafers', 'wafer '.repeat(400))],
  }
  return { body: { articles: found[query.get('q') ?? ''] ?? [] } }
}

const bus: FakeHost = ({ path }) => {
  if (path.startsWith('/v1/'))
    return { status: 301, headers: { location: encodeURI(path.replace('/v1/', '/v2/')) } }
  if (path !== '/v2/arrivals/紅5') return { body: [] }
  const at = (stop: string, direction: number, status: number, seconds?: number) => ({
    StopName: { Zh_tw: stop, En: '' },
    Direction: direction,
    StopStatus: status,
    ...(seconds === undefined ? {} : { EstimateTime: seconds }),
  })
  return { body: [at('劍潭', 0, 0, 412), at('陽明山', 0, 0, 1900), at('劍潭', 1, 3)] }
}

const TRAINS = [
  ['105', '07:30', '09:18', 'Express'],
  ['1137', '08:05', '10:52', 'Local &amp; slow'],
  ['111', '08:40', '10:29', 'Express'],
]

const trains: FakeHost = ({ method, path, body }) => {
  if (path === '/search' && method === 'POST')
    return body === 'start=Taipei&end=Hsinchu&after=08%3A00'
      ? { status: 303, headers: { location: '/results' } }
      : { status: 400 }
  const rows = TRAINS.map((cells) => `<tr>${cells.map((c) => `<td> ${c}\n</td>`).join('')}</tr>`)
  return {
    body: `<!doctype html><table><tr><th>No<th>Leaves</th></tr>${rows.join('\n')}</table>`,
  }
}

const words: FakeHost = ({ path }) => {
  const entry = (word: string, phonetic: string, kind: string, meaning: object) => ({
    body: [{ word, phonetic, meanings: [{ partOfSpeech: kind, definitions: [meaning] }] }],
  })
  switch (path) {
    case '/api/v2/entries/en/ripple':
      return entry('ripple', 'ˈrɪpl', 'noun', {
        definition: 'a small wave',
        example: 'ripples on the pond',
      })
    case '/api/v2/entries/en/mend':
      return entry('mend', 'mɛnd', 'verb', { definition: 'to repair' })
    default:
      return { status: 404, body: { title: 'No Definitions Found' } }
  }
}

const rss: FakeHost = () => ({
  headers: { 'content-type': 'application/xml' },
  body: toBig5(`<?xml version="1.0" encoding="Big5"?>
<rss version="2.0"><channel><title>巷口電子報</title>
<item><title>老屋修繕補助開跑</title><pubDate>Tue, 24 Nov 2026 08:00:00 +0800</pubDate>
<description>&lt;p&gt;市府自十二月起受理&lt;b&gt;申請&lt;/b&gt;。&lt;/p&gt;</description></item>
<item><title>市集本週六登場</title><pubDate>Mon, 23 Nov 2026 09:30:00 +0800</pubDate></item>
<item><title>舊聞</title><pubDate>Sun, 01 Nov 2026 09:30:00 +0800</pubDate></item>
</channel></rss>`),
})

const invoices: FakeHost = () => ({
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>統一發票</title>
<item><title>115年 09-10月</title>
<description>&lt;p&gt;特別獎：51509866&lt;/p&gt;&lt;p&gt;特獎：20883344&lt;/p&gt;&lt;p&gt;頭獎：76512340、13579246、88642097&lt;/p&gt;</description></item>
</channel></rss>`,
})

const book = (title: string, branch: string, shelf: string, state: string) =>
  `<li class="book"><span class="title">${title}</span> by <span class="author">O&#8217;Neill, J.</span>
  <span class="branch">${branch}</span> <span class="shelf">${shelf}</span><span class="state">
  ${state} </span></li>`

const library: FakeHost = ({ path, query, headers }) => {
  if (path === '/') return { headers: { 'set-cookie': 'visit=7; Path=/' }, body: 'Welcome' }
  if (headers.cookie !== 'visit=7' || headers['user-agent'] !== 'library-plugin/1.0')
    return { status: 403, body: 'Please start at the first page.' }
  return {
    body:
      query.get('q') === 'tea & time'
        ? `<ul>${book('Tea &amp; Time', 'Main', '641.3 ONE', 'on the shelf')}
           ${book('Tea &amp; Time', 'Harbour', '641.3 ONE', 'until 3 December')}</ul>`
        : '<p>0 hits</p>',
  }
}

const museum: FakeHost = ({ path, headers }) => {
  if (path === '/files/1.png') return { headers: { 'content-type': 'image/png' }, body: PNG }
  if (headers.cookie !== 'token-of-anna') return { status: 401, body: { error: 'who are you?' } }
  if (path === '/pictures/2026-11-25/1')
    return { body: { title: 'Rain over the river', url: 'https://museum.example/files/1.png' } }
  return null
}

/** Keeps one list, of the user whose token came. */
const createLists = (): FakeHost => {
  const things: string[] = []
  return ({ method, headers, body }) => {
    if (headers.cookie !== 'user=token-of-ben') return { status: 401 }
    if (method === 'POST') things.push((JSON.parse(body) as { thing: string }).thing)
    return { body: { things } }
  }
}

const reservoirs: FakeHost = () => ({
  body: [
    { name: '翡翠水庫', percent: 91.4, volume: 30_682 },
    { name: '曾文水庫', percent: 63.2, volume: 31_977 },
  ],
})

const industry: FakeHost = ({ method, query, headers }) => {
  if (method === 'POST')
    return headers.authorization === `Basic ${btoa('TryReader:TryReader')}`
      ? { body: { token: 'n-2' } }
      : { status: 401 }
  if (headers['x-token'] !== 'n-2') return { status: 401 }
  const text = '記憶體現貨價連三週走揚，模組廠表示第四季合約價可望再調升一成。'
  return query.get('date') === '20261121'
    ? { status: 204 }
    : { body: [{ title: `記憶體行情 ${query.get('date')?.slice(6)}`, text }] }
}

const school: FakeHost = ({ path }) =>
  path === '/answers/3-2.tsv'
    ? {
        headers: { 'content-type': 'text/tab-separated-values; charset=utf-8' },
        body: '題號\t答案\n1\tA\n2\tC\n3\tB\n4\tD\n',
      }
    : null

const parcels: FakeHost = ({ path, headers }) => {
  const sign = createHmac('sha256', 'parcel-key-1').update(path.slice(1)).digest('hex')
  if (headers['x-signature'] !== sign) return { status: 403, body: { error: 'bad signature' } }
  const event = (at: string, place: string, text: string) => ({ at, place, text })
  return {
    body: {
      events: [
        event('24 Nov 18:02', 'Taoyuan', 'left the airport'),
        event('25 Nov 09:15', 'Taipei', 'with the driver'),
      ],
    },
  }
}

/** They keep what is put there, so each internet has its own. */
export const createSampleHosts = (): Record<string, FakeHost> => ({
  'judgments.example': judgments,
  'news.example': news,
  'bus.example': bus,
  'trains.example': trains,
  'words.example': words,
  'feeds.example': rss,
  'invoices.example': invoices,
  'library.example': library,
  'museum.example': museum,
  'lists.example': createLists(),
  'water.example': () => ({ body: [], delayMs: 20_000 }),
  'water-mirror.example': reservoirs,
  'parking.example': () => ({ status: 503, body: 'Service Unavailable' }),
  'industry.example': industry,
  'parcels.example': parcels,
  'school.example': school,
  'clinic.example': () => ({ body: { 安心診所: 42 } }),
  'tracker.example': () => ({ body: 'logged' }),
})
