/** The plugins of `examples/plugins`. */
import type { SampleCase } from './sample-case.ts'

export const EXAMPLE_CASES: readonly SampleCase[] = [
  {
    file: 'weather',
    fn: 'weather',
    takes: ['city', 'days?'],
    arguments: { city: '臺北', days: 2 },
    output: `臺北市（臺灣）現在 23.4°C，陰，濕度 78%，風速 12.6 km/h
2026-11-25 19.3–25.1°C 多雲 降雨機率 10%
2026-11-26 18–22.4°C 小雨 降雨機率 65%`,
    http: [200, 200],
  },
  {
    file: 'exchange_rates',
    fn: 'exchange_rates',
    takes: ['amount', 'from', 'to'],
    arguments: { amount: 1200, from: 'usd', to: ['TWD', 'jpy', 'XYZ'] },
    output: `1,200 USD = 38,640.00 TWD (1 USD = 32.2 TWD)
1,200 USD = 181,500.00 JPY (1 USD = 151.25 JPY)
XYZ: the service does not know this currency.
Rates of Wed, 25 Nov 2026 00:02:31 +0000`,
    http: [200],
  },
  {
    file: 'exchange_rates',
    fn: 'exchange_rates',
    takes: ['amount', 'from', 'to'],
    arguments: { amount: 1, from: 'QQQ', to: ['TWD'] },
    output: '',
    error: {
      message: 'ValueError: No rates for QQQ: unsupported-code',
      frames: [
        `raise ValueError(f"No rates for {source}: {data.get('error-type', answer.status)}")`,
      ],
    },
    http: [404],
  },
  {
    file: 'taiwan_stocks',
    fn: 'taiwan_stocks',
    takes: ['codes'],
    arguments: { codes: ['2330', '6488', '9999'] },
    output: `| 代號 | 名稱 | 成交價 | 漲跌 | 成交量（張） |
| --- | --- | ---: | ---: | ---: |
| 2330 | 台積電 | 1,505.00 | +25.00（+1.69%） | 28,431 |
| 6488 | 環球晶 | 尚未成交 | | 0 |
| 9999 | 查無此代號 | | | |`,
    http: [200, 200, 200],
  },
  {
    file: 'earthquakes',
    fn: 'earthquakes',
    takes: ['since', 'min_magnitude?', 'limit?'],
    arguments: { since: '2026-11-18' },
    output: `M 6.4  2026-11-21 03:14 UTC  52 km SSE of Hualien, 22 km deep
M 5.1  2026-11-19 17:40 UTC  Banda Sea & Tanimbar, 131 km deep`,
    http: [200],
  },
  {
    file: 'tax_id',
    fn: 'tax_id',
    takes: ['number'],
    arguments: { number: '0459-5257' },
    output: `04595257 好厝資訊股份有限公司（核准設立）
代表人：林小明
資本額：25,000,000 元
設立日期：民國 98 年 3 月 5 日
地址：臺北市大同區迪化街一段1號`,
    http: [200],
  },
  {
    file: 'tax_id',
    fn: 'tax_id',
    takes: ['number'],
    arguments: { number: '12345678' },
    output: '12345678 不是正確的統一編號（檢查碼不符）。',
    http: [],
  },
  {
    file: 'book_search',
    fn: 'book_search',
    takes: ['query', 'limit?'],
    arguments: { query: 'earthsea', limit: 2 },
    output: `1,204 books found for "earthsea"
1. [A Wizard of Earthsea](https://openlibrary.org/works/OL59800W), Ursula K. Le Guin, 1968 (93 editions)
2. [Earthsea: a map](https://openlibrary.org/works/OL2W), unknown author, no year (1 edition)`,
    http: [200],
  },
  {
    file: 'mermaid_diagram',
    fn: 'mermaid_diagram',
    takes: ['diagram', 'title?'],
    arguments: { diagram: '```mermaid\ngraph LR\n  訂單 --> 出貨\n```', title: '出貨流程' },
    output: `![出貨流程](https://mermaid.ink/img/${Buffer.from('graph LR\n  訂單 --> 出貨').toString('base64').replaceAll('+', '-').replaceAll('/', '_')})

\`\`\`mermaid
graph LR
  訂單 --> 出貨
\`\`\``,
  },
]
