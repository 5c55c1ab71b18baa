/** Plugins that draw with matplotlib. */
import type { SampleCase } from './sample-case.ts'

export const PICTURE_CASES: readonly SampleCase[] = [
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
]
