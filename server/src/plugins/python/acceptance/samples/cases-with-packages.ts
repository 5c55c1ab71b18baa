/** Plugins that import packages which the host fetches: requests, httpx, time zones. */
import type { SampleCase } from './sample-case.ts'

export const PACKAGE_CASES: readonly SampleCase[] = [
  {
    file: 'shopping_list',
    fn: 'shopping_list',
    takes: ['add?'],
    arguments: { add: ['oat milk', '茶葉'] },
    given: { userCookie: 'token-of-ben' },
    output: 'oat milk, 茶葉',
    http: [200, 200, 200],
  },
  {
    file: 'word_cards',
    fn: 'Word_cards_ab2ae787',
    takes: ['words'],
    arguments: { words: ['Ripple', 'mend', 'zzyzx'] },
    output: `**ripple** /ˈrɪpl/ (noun): a small wave
> ripples on the pond

**mend** /mɛnd/ (verb): to repair
> -

**zzyzx**: not in the dictionary`,
    http: [200, 200, 404],
  },
  {
    file: 'receipt_lottery',
    fn: 'receipt_lottery',
    takes: ['numbers'],
    arguments: { numbers: ['20883344', '99912340', '00000246', '11111111'] },
    output: `115年 09-10月
20883344：中特獎，2,000,000 元
99912340：中四獎，4,000 元
00000246：中六獎，200 元
11111111：沒有中獎
合計 2,004,200 元`,
    http: [200],
  },
  {
    file: 'library_search',
    fn: 'library_search',
    takes: ['title', 'branch?'],
    arguments: { title: 'tea & time', branch: 'Harbour' },
    hosts: ['library.example'],
    output: 'Tea & Time / O’Neill, J. [Harbour, 641.3 ONE]: until 3 December',
    http: [200, 200],
  },
  {
    file: 'industry_news',
    fn: 'plugin_aff3d283',
    takes: ['query'],
    arguments: { query: '最近的記憶體行情' },
    hosts: ['industry.example'],
    output: `[20261120] 記憶體行情 20
記憶體現貨價連三週走揚，模組廠表示第…
[20261122] 記憶體行情 22
記憶體現貨價連三週走揚，模組廠表示第…`,
    http: [200, 200, 204, 200],
  },
  {
    file: 'meeting_hours',
    fn: 'meeting_hours',
    takes: ['date', 'zones'],
    arguments: { date: '2026-11-25', zones: ['Asia/Taipei', 'Europe/Berlin'] },
    output: `Taipei Wed 15:00  Berlin Wed 08:00
Taipei Wed 16:00  Berlin Wed 09:00
Taipei Wed 17:00  Berlin Wed 10:00`,
  },
]
