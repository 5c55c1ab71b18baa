import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../errors.ts'
import { checkValues, readPortableSql } from './portable-sql.ts'

describe('portable statements', () => {
  it('turn ?1 into $1 outside of literals, names and comments', () => {
    const cases: [string, string, number][] = [
      ['select 1', 'select 1', 0],
      ['select ?1, ?2, ?1', 'select $1, $2, $1', 2],
      ["select '?1 it''s ?2', ?1", "select '?1 it''s ?2', $1", 1],
      ['select "?9" from t where a = ?1', 'select "?9" from t where a = $1', 1],
      ['select ?1 -- ?2\n, ?2', 'select $1 -- ?2\n, $2', 2],
      ["select /* ? it's ?7 */ ?1", "select /* ? it's ?7 */ $1", 1],
      [
        'select ?10, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9',
        'select $10, $1, $2, $3, $4, $5, $6, $7, $8, $9',
        10,
      ],
    ]
    for (const [sql, dollar, parameters] of cases)
      assert.deepEqual(readPortableSql(sql), { dollar, parameters })
  })

  it('are refused when a mark has no number or a number is skipped', () => {
    assert.throws(() => readPortableSql('select ?'), /written \?1/)
    assert.throws(() => readPortableSql('select ?0'), /written \?1/)
    assert.throws(() => readPortableSql('select ?1, ?3'), /\?2 is not used/)
  })

  it('take as many values as they name, finite numbers and text without NUL', () => {
    checkValues('select ?1, ?2, ?3, ?4', 4, ['😀', 1.5, null, new Uint8Array([0])])
    assert.throws(() => checkValues('select ?1', 1, []), /1 values expected, 0 given/)
    assert.throws(() => checkValues('select ?1', 1, [Number.NaN]), /NaN cannot be stored/)
    assert.throws(
      () => checkValues('select ?1', 1, ['a\0b']),
      (error) => error instanceof AppError && error.status === 400 && /NUL/.test(error.message),
    )
  })
})
