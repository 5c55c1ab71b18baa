/** The plugins of `server/tests/plugins/samples`, in the styles of public samples. */
import type { SampleCase } from './sample-case.ts'

export const SAMPLE_CASES: readonly SampleCase[] = [
  {
    file: 'judgments',
    fn: 'plugin_2778a996',
    takes: ['keywords', 'year?'],
    arguments: { keywords: ['押金', '押租金', '租賃'] },
    hosts: ['judgments.example'],
    output: `返還押租金｜113年度簡上字第57號｜113-06-05
主文：上訴駁回。
返還租賃房屋｜114年度訴字第1023號｜114-09-18
主文：被告應將房屋騰空返還原告。訴訟費用由被告負擔。`,
    http: [200, 200, 200, 200, 200, 200],
  },
  {
    file: 'bus_arrivals',
    fn: 'bus_arrivals',
    takes: ['route', 'stop'],
    arguments: { route: '紅5', stop: '劍潭' },
    output: '紅5（去程）約 6 分鐘後到站\n紅5（返程）末班車已過',
    http: [301, 200],
  },
  {
    file: 'unit_conversion',
    fn: 'unit_conversion',
    takes: ['value', 'source', 'target'],
    arguments: { value: 30, source: '坪', target: '平方公尺' },
    output: '30 坪 = 99.1736 平方公尺',
  },
  {
    file: 'train_timetable',
    fn: 'train-timetable',
    takes: ['start', 'end', 'after'],
    arguments: { start: 'Taipei', end: 'Hsinchu', after: '08:00' },
    hosts: ['trains.example'],
    output: `Local & slow 1137: 08:05 -> 10:52 (167 min)
Express 111: 08:40 -> 10:29 (109 min)
2 trains after 08:00 from Taipei to Hsinchu`,
    http: [303, 200],
  },
  {
    file: 'lunar_year',
    fn: '20260217',
    takes: ['year', 'calendar'],
    arguments: { year: 115, calendar: '民國' },
    output: '{"西元": 2026, "民國": 115, "干支": "丙午", "生肖": "馬"}',
  },
  {
    file: 'recipe_scaling',
    fn: 'recipe_scaling',
    takes: ['ingredients', 'servings', 'wanted'],
    arguments: {
      ingredients: ['1 1/2 cups flour', '2/3 cup sugar', '3 eggs', 'salt'],
      servings: 4,
      wanted: 6,
    },
    output: '- 2 1/4 cups flour\n- 1 cup sugar\n- 4 1/2 eggs\n- salt',
  },
  {
    file: 'recipe_scaling',
    fn: 'recipe_scaling',
    takes: ['ingredients', 'servings', 'wanted'],
    arguments: { ingredients: ['1 1/2 cups flour', '3 eggs'], servings: 4, wanted: 8 },
    given: { customizedParams: { cup_ml: 250 } },
    output: '- 750 ml flour\n- 6 eggs',
  },
  {
    file: 'text_statistics',
    fn: 'text_statistics',
    takes: ['text'],
    arguments: { text: '好厝是好人的家。Melzi runs ｐｌｕｇｉｎｓ! 家就是家' },
    output: '中文字 11，英文詞 3，句子 3\n  家 ×3\n  好 ×2\n  是 ×2',
  },
  {
    file: 'rss_reader',
    fn: 'rss_reader',
    takes: ['feed', 'count'],
    arguments: { feed: 'https://feeds.example/news.xml', count: 2 },
    hosts: ['feeds.example'],
    output: `巷口電子報
- 老屋修繕補助開跑（24 Nov 2026）市府自十二月起受理申請。
- 市集本週六登場（23 Nov 2026）`,
    http: [200],
  },
  {
    file: 'conversation_recap',
    fn: 'conversation_recap',
    takes: ['query'],
    arguments: { query: 'a recap, please' },
    given: {
      conversation: [
        { role: 'user', content: 'Where is the nearest post office?' },
        { role: 'assistant', content: 'At the station.' },
        { role: 'user', content: 'Is it open on Saturday, and until when?' },
      ],
    },
    output: `3 messages: assistant 1, user 2
First question: Where is the nearest post office?
Longest question: Is it open on Saturday, and until when?
You asked the plugin: a recap, please`,
  },
  {
    file: 'two_sources',
    fn: 'two_sources',
    takes: ['name'],
    arguments: { name: '曾文水庫' },
    output: '曾文水庫蓄水率 63.2%，有效蓄水 31,977 萬立方公尺（備站）',
  },
  {
    file: 'parking',
    fn: 'parking',
    takes: ['lot'],
    arguments: { lot: '市府' },
    hosts: ['parking.example'],
    output: '查詢 市府',
    error: {
      message: 'RuntimeError: 停車場服務暫停（503）',
      frames: ['check(resp)', "raise RuntimeError(f'停車場服務暫停（{resp.status}）')"],
    },
    http: [503],
  },
  {
    file: 'moon_phase',
    fn: 'moon_phase',
    takes: ['day'],
    arguments: { day: '2026-11-24' },
    output: '2026-11-24: full moon, 14.6 days old',
  },
  {
    file: 'greeting',
    fn: 'greeting',
    takes: ['query'],
    arguments: { query: 'How are you?' },
    given: { customizedParams: { name: '小美', language: 'zh' } },
    output: '您好, 小美! How are you?',
  },
  {
    file: 'greeting',
    fn: 'greeting',
    takes: ['query'],
    arguments: {},
    output: 'Good day, guest!',
  },
  {
    file: 'loan',
    fn: 'loan',
    takes: ['amount', 'years', 'rate', 'grace?'],
    arguments: { amount: 1000, years: 30, rate: 2.4, grace: 2 },
    output: `寬限期 24 個月：每月繳息 20,000 元
之後 336 個月：每月本息 40,902 元
利息共 4,223,147 元`,
  },
  {
    file: 'clinic',
    fn: 'clinic',
    takes: ['clinic'],
    arguments: { clinic: '安心診所' },
    output:
      '安心診所 目前看到 42 號\n追蹤器： The host tracker.example is not on the list of allowed hosts.',
    http: [200, null],
  },
]
