import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fillArguments } from './fill-arguments.ts'

const number = { type: 'number' }
const string = { type: 'string' }
const price = {
  type: 'object',
  properties: {
    price: { ...number, description: '價格' },
    weight: { ...number, description: 'in kg 重量' },
  },
  required: ['price', 'weight'],
}

test('numbers go by unit, by name, and by order', () => {
  for (const text of [
    'price 120 and weight 2 kg',
    'weight is 2, price is 120',
    '120 and 2',
    '2 kg for $120',
    'How much is it if 2kg cost 120 dollars?',
    '2公斤賣120元,單價是多少?',
    '價格 120，重量 2',
    'Two kilograms cost one hundred twenty dollars',
    '蘋果兩公斤一百二十元，一公斤多少錢？',
    '一公斤多少錢？蘋果 2 公斤 120 元',
  ]) {
    assert.deepEqual(fillArguments(text, price), { price: 120, weight: 2 }, text)
  }
  assert.deepEqual(fillArguments('price 1,234.5', price), { price: 1234.5, weight: 0 })
})

test('strings: quoted, named, places, else the whole text', () => {
  const schema = (name: string) => ({
    type: 'object',
    properties: { [name]: string },
    required: [name],
  })
  assert.deepEqual(fillArguments('search for "red panda" now', schema('query')), {
    query: 'red panda',
  })
  assert.deepEqual(fillArguments('查詢「小熊貓」', schema('query')), { query: '小熊貓' })
  assert.deepEqual(fillArguments('weather in New York today', schema('city')), { city: 'New York' })
  assert.deepEqual(fillArguments('msg: hello', schema('msg')), { msg: 'hello' })
  assert.deepEqual(fillArguments('what is this', schema('query')), { query: 'what is this' })
})

test('choices, lists, flags, nested objects and optional properties', () => {
  const schema = {
    type: 'object',
    properties: {
      unit: { enum: ['celsius', 'fahrenheit'] },
      values: { type: 'array', items: number },
      verbose: { type: 'boolean' },
      where: { type: 'object', properties: { city: string }, required: ['city'] },
      note: string,
    },
    required: ['unit', 'values', 'verbose', 'where'],
  }
  assert.deepEqual(fillArguments('in Fahrenheit, verbose, of 3, 4 and 5 in Taipei', schema), {
    unit: 'fahrenheit',
    values: [3, 4, 5],
    verbose: true,
    where: { city: 'Fahrenheit' },
  })
})

test('a schema without properties gives no arguments', () => {
  assert.deepEqual(fillArguments('anything 5', {}), {})
  assert.deepEqual(fillArguments('anything 5', { type: 'object' }), {})
})
