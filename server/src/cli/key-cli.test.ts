import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiKeyObject, NewApiKeyObject } from '@melzi/contract/key.ts'
import { openCliHouse } from '../../tests/support/cli-house.ts'

describe('melzi key create, with limits', () => {
  it('makes keys of every kind, pauses them and lets them go on', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    const assistant = await t.json<{ id: string }>('assistant', 'create', '--name', 'Helper')
    const before = Math.floor(Date.now() / 1000)
    const made = await t.json<NewApiKeyObject>(
      'key',
      'create',
      '--name',
      'class',
      '--assistant',
      assistant.id,
      '--access',
      'use',
      '--expires',
      '30',
      '--origin',
      'https://School.example',
      '--origin',
      'http://127.0.0.1:8000',
      '--long',
      '--requests-per-minute',
      '60',
      '--tokens-per-day=50000',
      '--money-per-month',
      '2.5',
    )
    assert.equal(made.key.length, 204)
    const { expires_at: end } = made
    assert.ok(end !== null && end >= before + 30 * 86_400 && end < before + 30 * 86_400 + 60)
    assert.deepEqual(
      [made.name, made.access, made.assistant_ids, made.origins, made.limits],
      [
        'class',
        'use',
        [assistant.id],
        ['https://school.example', 'http://127.0.0.1:8000'],
        { requests_per_minute: 60, tokens_per_day: 50_000, money_per_month: 2.5 },
      ],
    )
    const list = await t.cli('key', 'list')
    assert.match(list.out, /class +mlz_\S{4}\.\.\.\S{4} +use 1 /)
    assert.ok(!list.out.includes(made.key))
    assert.equal((await t.json<ApiKeyObject>('key', 'pause', made.id)).paused, true)
    assert.match((await t.cli('key', 'list')).out, / paused/)
    assert.equal((await t.json<ApiKeyObject>('key', 'resume', made.id)).paused, false)
  })

  it('refuses what is no number, origin, access or assistant', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    const wrong: [code: number, said: RegExp, ...argv: string[]][] = [
      [1, /--expires takes a number, not 'soon'/, '--expires', 'soon'],
      [1, /expires_at|must lie ahead/, '--expires', '0'],
      [1, /--tokens-per-day takes a number/, '--tokens-per-day', '1e3'],
      [1, /requests_per_minute/, '--requests-per-minute', '1.5'],
      [1, /origins\.0/, '--origin', 'school.example'],
      [1, /No assistant found/, '--assistant', 'asst_none'],
      [2, /--access takes use or manage/, '--access', 'all'],
    ]
    for (const [code, said, ...argv] of wrong) {
      const answer = await t.cli('key', 'create', ...argv)
      assert.equal(answer.code, code, argv.join(' '))
      assert.match(answer.err, said)
    }
    assert.equal((await t.json<{ data: unknown[] }>('key', 'list')).data.length, 1)
  })
})
