/** Plugins that need what a call is given besides arguments: secrets, files, a model to ask. */
import assert from 'node:assert/strict'
import { AppError } from '../../../../platform/errors.ts'
import type { ModelQuestion } from '../../sandbox-driver.ts'
import type { SampleCase } from './sample-case.ts'

/** A token for every four characters. */
const count = (question: ModelQuestion) => {
  assert(question.kind === 'count')
  return Math.ceil(question.text.length / 4)
}

/** How often each character of a text comes, on a few dimensions: near for texts with the same words. */
const embed = (question: ModelQuestion) => {
  assert(question.kind === 'embed')
  const vector = Array<number>(64).fill(0)
  for (const char of question.text) {
    const place = (char.codePointAt(0) ?? 0) % vector.length
    vector[place] = (vector[place] ?? 0) + 1
  }
  return vector
}

const lastOf = (question: ModelQuestion): string => {
  if (question.kind !== 'chat' || !Array.isArray(question.conversation)) return ''
  const messages = question.conversation as { content: string }[]
  return messages.at(-1)?.content ?? ''
}

const file = (title: string, type: string, text: string) => ({
  title,
  type,
  data: Buffer.from(text, 'utf8'),
})

const PLAN = '專案時程：十二月一日開工，十二月十五日驗收。'

export const AID_CASES: readonly SampleCase[] = [
  {
    file: 'air_quality',
    fn: 'air_quality',
    takes: ['county', 'sensitive?'],
    arguments: { county: '台北市', sensitive: true },
    given: { secrets: { MOENV_API_KEY: 'air-key-1' } },
    output: `臺北市空氣品質（2026/11/25 11:00:00）
萬華：AQI 67（普通），PM2.5 21 μg/m³
中山：AQI 42（良好），PM2.5 11 μg/m³
建議減少戶外活動。`,
    http: [200],
  },
  {
    file: 'air_quality',
    fn: 'air_quality',
    takes: ['county', 'sensitive?'],
    arguments: { county: '台北市' },
    given: { secrets: { MOENV_API_KEY: 'of another plugin' } },
    output: '',
    error: {
      message: 'RuntimeError: 環境部的資料服務回應 403',
      frames: ["raise RuntimeError(f'環境部的資料服務回應 {answer.status}')"],
    },
  },
  {
    file: 'parcel',
    fn: 'parcel',
    takes: ['parcel'],
    arguments: { parcel: 'TW-77012' },
    given: { secrets: { PARCEL_KEY: 'parcel-key-1' } },
    output: '24 Nov 18:02  Taoyuan: left the airport\n25 Nov 09:15  Taipei: with the driver',
    http: [200],
  },
  {
    file: 'csv_report',
    fn: 'csv_report',
    takes: ['query'],
    arguments: { query: 'the figures, please' },
    given: {
      files: [
        file(
          'sales 十月.csv',
          'text/csv',
          '\uFEFFshop,cups,price\nA,120,65\nB,80,70\nC,100,60.5\n',
        ),
        file('sales 十月.csv', 'text/csv', 'day,visits\n1,7\n2,9\n'),
      ],
    },
    output: `sales 十月.csv (text/csv): 3 rows
  cups: mean 100.00, min 80, max 120
  price: mean 65.17, min 60.5, max 70
sales 十月.csv (text/csv): 2 rows
  day: mean 1.50, min 1, max 2
  visits: mean 8.00, min 7, max 9`,
  },
  {
    file: 'file_summary',
    fn: 'file_summary',
    takes: ['points?', 'focus?'],
    arguments: { points: 2, focus: '驗收' },
    given: {
      modelTokenLimit: 40,
      files: [
        file('計畫.txt', 'text/plain', PLAN),
        file('附錄.md', 'text/markdown', `${PLAN}`.repeat(8)),
      ],
    },
    // 22 characters are 6 tokens; 176 are 44, and 88 are 22, still more than the half of 40, so that 44 stay.
    model: (question) =>
      question.kind === 'chat'
        ? { role: 'assistant', content: `- 讀到 ${lastOf(question).split('\n\n')[1]?.length} 個字` }
        : count(question),
    output: `### 計畫.txt
- 讀到 22 個字
### 附錄.md
- 讀到 44 個字
（檔案太長，只讀了前 44 個字）`,
  },
  {
    file: 'news_search',
    fn: 'news_search',
    takes: ['queries'],
    arguments: { queries: ['chip factory', 'semiconductor fab', 'wafer plant'] },
    given: { modelTokenLimit: 400 },
    hosts: ['news.example'],
    model: count,
    output: JSON.stringify({
      note: 'Answer from these articles only and give the url of each one that you use.',
      results: [
        {
          url: 'https://news.example/a/1',
          title: 'New 2 nm line opens',
          text: 'The line in Kaohsiung starts in December.',
        },
        {
          url: 'https://news.example/a/2',
          title: 'Water for fabs',
          text: 'A second pipe is “ready”.',
        },
      ],
    })
      .replaceAll('":', '": ')
      .replaceAll(',"', ', "')
      .replaceAll('},{', '}, {'),
    http: [200, 200, 200],
  },
  {
    file: 'travel_phrases',
    fn: 'travel_phrases',
    takes: ['sentence', 'language'],
    arguments: { sentence: 'Where is the station?', language: 'Japanese' },
    model: (question) => {
      assert(question.kind === 'chat')
      const [phrase] = question.functions as { name: string }[]
      const said = { translation: '駅はどこですか？', spoken: lastOf(question) }
      return {
        role: 'assistant',
        content: null,
        function_call: { name: phrase?.name ?? '', arguments: JSON.stringify(said) },
      }
    },
    output: '駅はどこですか？\n(Put into Japanese: Where is the station?)',
  },
  {
    file: 'faq',
    fn: 'faq',
    takes: ['question'],
    arguments: { question: '運費怎麼算' },
    model: embed,
    output: '運費怎麼算？\n滿 490 元免運，未滿收 60 元。',
  },
  {
    file: 'faq',
    fn: 'faq',
    takes: ['question'],
    arguments: { question: '運費怎麼算' },
    model: () => {
      throw new AppError({ status: 400, message: 'No model for embeddings is set up.' })
    },
    output: '',
    error: {
      message: 'RuntimeError: No model for embeddings is set up.',
      frames: ["asked = await emb(params['question'])"],
    },
  },
  {
    file: 'meeting_notes',
    fn: 'meeting_notes',
    takes: ['when', 'where', 'todo'],
    arguments: { when: '週五' },
    given: {
      conversation: [{ role: 'user', content: '週五下午兩點三樓會議室，小美訂便當，阿明借投影機' }],
    },
    model: (question) => {
      assert(question.kind === 'infer')
      const [said] = question.conversation as { content: string }[]
      return {
        when: '週五 14:00',
        where: '三樓會議室',
        todo: said?.content.split('，').slice(1) ?? [],
      }
    },
    output: '時間：週五 14:00\n地點：三樓會議室\n1. 小美訂便當\n2. 阿明借投影機',
  },
]
