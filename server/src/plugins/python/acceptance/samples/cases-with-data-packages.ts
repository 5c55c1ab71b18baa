/** Plugins that compute and draw: numpy, pandas, matplotlib, pillow. */
import { PNG } from './hosts-of-samples.ts'
import type { SampleCase } from './sample-case.ts'

export const DATA_CASES: readonly SampleCase[] = [
  {
    file: 'chart',
    fn: 'chart',
    takes: ['kind', 'title', 'labels', 'values', 'unit?'],
    arguments: {
      kind: 'bar',
      title: 'Cups sold',
      labels: ['Mon', 'Tue', 'Wed'],
      values: [10, 30.5, 20],
      unit: 'cups',
    },
    output: 'A bar chart of 3 values. Largest: Tue with 30.5 cups; total 60.5 cups.',
    pictures: 1,
  },
  {
    file: 'chart',
    fn: 'chart',
    takes: ['kind', 'title', 'labels', 'values', 'unit?'],
    arguments: { kind: 'pie', title: 'Shares', labels: ['A'], values: [1, 2] },
    output: '',
    error: {
      message: 'ValueError: There are 1 labels for 2 values; each value needs one.',
      frames: [
        "raise ValueError(f'There are {len(labels)} labels for {len(values)} values; each value needs one.')",
      ],
    },
  },
  {
    file: 'household_pie',
    fn: 'household_pie',
    takes: ['items'],
    arguments: {
      items: [
        { name: '房租', amount: 15000 },
        { name: '伙食', amount: 9000 },
        { name: '交通', amount: 1500 },
      ],
    },
    output: `1. 房租 15,000 元，占 58.8%
2. 伙食 9,000 元，占 35.3%
3. 交通 1,500 元，占 5.9%
共 25,500 元`,
    pictures: 2,
  },
  {
    file: 'picture_look',
    fn: 'picture_look',
    takes: ['day', 'n'],
    arguments: { day: '2026-11-25', n: 1 },
    given: { userCookie: 'token-of-anna' },
    hosts: ['museum.example'],
    output: 'Rain over the river, 3 x 2',
    pictures: 1,
    http: [200, 200],
  },
  {
    file: 'picture_look',
    fn: 'picture_look',
    takes: ['day', 'n'],
    arguments: { day: '2026-12-24', n: 0 },
    given: { userCookie: 'token-of-anna' },
    hosts: ['museum.example'],
    output: 'There is no picture 1 on that day.',
    http: [404],
  },
  {
    file: 'homework_check',
    fn: 'HW_fb4a1144',
    takes: ['unit'],
    arguments: { unit: '3-2' },
    given: {
      files: [
        {
          title: '小美.tsv',
          type: 'text/tab-separated-values',
          data: Buffer.from('題號\t答案\n1\tA\n2\tB\n4\tD\n'),
        },
      ],
    },
    hosts: ['school.example'],
    output: `第 2 題：作答 B，正解 C
第 3 題：作答 （空白），正解 B
小美.tsv 答對 2 / 4 題，50 分`,
    http: [200],
  },
  {
    file: 'trend',
    fn: 'trend',
    takes: ['values', 'ahead'],
    arguments: { values: [3, 5, 7, 9, 11.5], ahead: 2 },
    output: '{"slope": 2.1, "r2": 0.998, "next": [13.4, 15.5]}',
  },
  {
    file: 'picture_colours',
    fn: 'picture_colours',
    takes: ['query'],
    arguments: { query: 'which colours?' },
    given: { files: [{ title: 'logo.png', type: 'image/png', data: PNG }] },
    output: 'logo.png: 3 x 2, 1 colours\n  #ff8000 100%\n  swatch: True',
  },
]
