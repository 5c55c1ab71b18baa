import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { publishedOperations } from '../server/tests/support/openapi.ts'
import { fieldsOf } from './field.ts'
import { LISTS } from './lists.ts'
import { OPERATIONS } from './operations.ts'
import { AREAS, type Row } from './row.ts'
import { allRows } from './rows.ts'

const rows = allRows()
const of = (operation: string): Row[] => rows.filter((row) => row.operation === operation)

describe('rows', () => {
  for (const { id, path, json: body, query } of publishedOperations())
    it(`${id}: the good call and every kind of refusal`, () => {
      const mine = of(id)
      const has = (kind: Row['kind'], name: RegExp) =>
        assert.ok(
          mine.some((row) => row.kind === kind && name.test(row.name)),
          `no row of kind ${kind} that is ${String(name)}`,
        )
      assert.ok(mine.some(({ kind, evidence }) => kind === 'good' && evidence !== '?'))
      for (const name of [/^no key$/, /^a wrong key$/, /^a method that is not there/])
        has('error', name)
      for (const [, param] of path.matchAll(/\{(\w+)\}/g))
        has('error', new RegExp(`^${param} is nobody's$`))
      if (path.includes('{') && id !== 'retrieveModel') has('isolation', /somebody else/)
      if (query.some(({ name }) => name === 'limit')) {
        assert.ok(id in LISTS, 'a list without its case')
        for (const name of [/newest first/, /pages by after/, /empty page/, /nobody/])
          has('list', name)
        for (const name of [/limit below/, /limit above/, /order is none/]) has('error', name)
      }
      if (body === null) return
      has('error', /no JSON/)
      // its other fields are the model server's
      if (OPERATIONS[id]?.isPassedOn) return has('error', /^model is missing$/)
      has('error', /^an unknown parameter$/)
      for (const field of fieldsOf(body)) {
        if (field.isRequired) has('error', new RegExp(`^${field.name} is missing$`))
        if (field.texts !== null) has('error', new RegExp(`^${field.name} is none of its values$`))
        if (field.maximum !== null) has('error', new RegExp(`^${field.name} above maximum$`))
        if (field.isMetadata) has('error', new RegExp(`^${field.name} of 17 pairs$`))
      }
    })

  it('are of operations of the contract, each with a name of its own', () => {
    const known = new Set(publishedOperations().map(({ id }) => id))
    const names = rows.map((row) => `${row.area}: ${row.operation}: ${row.kind}: ${row.name}`)
    assert.deepEqual(
      rows.filter(({ operation }) => operation !== null && !known.has(operation)),
      [],
    )
    assert.deepEqual(Object.keys(OPERATIONS).toSorted(), [...known].toSorted())
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    )
  })

  it('fill every area', () => {
    for (const area of AREAS)
      assert.ok(
        rows.some((row) => row.area === area),
        area,
      )
  })
})

describe('fields', () => {
  it('know types, values and bounds below references and unions', () => {
    const createRun = publishedOperations().find(({ id }) => id === 'createRun')
    const field = (name: string) => fieldsOf(createRun?.json ?? {}).find((one) => one.name === name)
    assert.deepEqual([...(field('assistant_id')?.types ?? [])], ['string'])
    assert.equal(field('assistant_id')?.isRequired, true)
    assert.deepEqual([field('temperature')?.minimum, field('temperature')?.maximum], [0, 2])
    assert.equal(field('metadata')?.isMetadata, true)
    assert.equal(field('tools')?.types.has('array'), true)
  })
})
