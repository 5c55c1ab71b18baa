import type { PublishedOperation } from '../server/tests/support/openapi.ts'
import type { Bench } from './bench.ts'
import { told, type Refusal } from './client.ts'
import { fieldsOf, type Field } from './field.ts'
import { fill, type OperationCase } from './operations.ts'
import { rowsOf, type Evidence, type Row } from './row.ts'

/** Rows on bodies, made from the published schema of each: one thing is wrong in every one of them (behaviour.md 2). */

const UNKNOWN = 'colour_of_the_sky'
const NO_TEXT = 'no-such-value'
const INVALID = 'invalid_request_error'

/** A value of a type the field does not take, and what it is called. */
const wrongValue = ({ types }: Field): [value: unknown, name: string] | null => {
  const candidates: [string[], unknown, string][] = [
    [['integer', 'number'], 5, 'an integer'],
    [['boolean'], true, 'a boolean'],
    [['string'], 'x', 'a string'],
    [['array'], [], 'an array'],
  ]
  const found = candidates.find(([names]) => !names.some((name) => types.has(name)))
  return types.size === 0 || found === undefined ? null : [found[1], found[2]]
}

/** A number out of bounds, and how the refusal begins. */
const outOfBounds = ({ name, types, minimum, maximum }: Field): [number, Refusal, string][] => {
  const isWhole = types.has('integer')
  const kind = isWhole ? 'integer' : 'decimal'
  const step = isWhole ? 1 : 0.5
  const rows: [number, Refusal, string][] = []
  const row = (value: number, where: string, code: string, bound: string) =>
    rows.push([
      value,
      {
        status: 400,
        message: `Invalid '${name}': ${kind} ${where} value. Expected a value ${bound}, but got ${value} instead.`,
        param: name,
        code: `${kind}_${code}_value`,
        type: INVALID,
      },
      `${name} ${where}`,
    ])
  if (!isWhole && !types.has('number')) return rows
  if (minimum !== null) row(minimum - step, 'below minimum', 'below_min', `>= ${minimum}`)
  if (maximum !== null) row(maximum + step, 'above maximum', 'above_max', `<= ${maximum}`)
  return rows
}

const pairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))

const metadataRows = ({ name }: Field): [string, object, Refusal, Evidence][] => [
  [
    `${name} of 17 pairs`,
    pairs(17),
    {
      status: 400,
      message: `Invalid '${name}': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.`,
      param: name,
      code: 'object_above_max_properties',
    },
    'T',
  ],
  [
    `${name} with a key of 65 characters`,
    { ['k'.repeat(65)]: 'v' },
    {
      status: 400,
      message:
        /^Invalid property name in 'metadata': '.+' is too long\. Expected a string with maximum length 64, but got a string with length 65 instead\.$/,
      code: 'property_name_above_max_length',
    },
    'T',
  ],
  [
    `${name} with a value of 513 characters`,
    { a: 'v'.repeat(513) },
    {
      status: 400,
      message: `Invalid '${name}.a': string too long. Expected a string with maximum length 512, but got a string with length 513 instead.`,
      param: `${name}.a`,
      code: 'string_above_max_length',
    },
    'T',
  ],
  [
    `${name} with a value that is no string`,
    { modified: true },
    {
      status: 400,
      message: `Invalid type for '${name}.modified': expected a string, but got a boolean instead.`,
      param: `${name}.modified`,
      code: 'invalid_type',
    },
    'R',
  ],
]

const longList = (field: Field, count: number): unknown[] =>
  Array.from({ length: count }, (_, i) =>
    field.name === 'tools' ? { type: 'function', function: { name: `f${i}` } } : `file-${i}`,
  )

/** Rows on the JSON body of one operation. */
export const fieldRows = (operation: PublishedOperation, one: OperationCase): Row[] => {
  const { id, method, path, json: body } = operation
  if (body === null || one.body === undefined) return []
  const { rows, error } = rowsOf(one.area)
  const { body: right, params, isPassedOn } = one
  const place = async (bench: Bench) => fill(path, (await params?.(bench)) ?? {})
  const refused = (name: string, fields: object, refusal: Refusal, evidence: Evidence) =>
    error(id, name, evidence, async (bench) => {
      const sent = { ...(await right(bench)), ...fields }
      const at = await place(bench)
      if (evidence === '?') return told(await bench.api.send(method, at, { body: sent }))
      await bench.api.refused(method, at, { body: sent }, { type: INVALID, ...refusal })
      return undefined
    })

  error(id, 'a body that is no JSON', 'T', async (bench) => {
    await bench.api.refused(
      method,
      await place(bench),
      { raw: '{"metadata":' },
      {
        status: 400,
        message: /^We could not parse the JSON body of your request\./,
        type: INVALID,
        param: null,
        code: null,
      },
    )
  })
  if (isPassedOn === undefined)
    refused(
      'an unknown parameter',
      { [UNKNOWN]: 1 },
      {
        status: 400,
        message: new RegExp(`^Unknown parameter: '${UNKNOWN}'\\.`),
        param: UNKNOWN,
        code: 'unknown_parameter',
      },
      'T',
    )
  // of what is handed on the server reads the model's name alone
  const fields = fieldsOf(body).filter(({ name }) => isPassedOn === undefined || name === 'model')
  for (const field of fields) {
    const { name } = field
    if (field.isRequired)
      refused(
        `${name} is missing`,
        { [name]: undefined },
        {
          status: 400,
          message: `Missing required parameter: '${name}'.`,
          param: name,
          code: 'missing_required_parameter',
        },
        'T',
      )
    const wrong = wrongValue(field)
    if (wrong !== null)
      refused(
        `${name} is ${wrong[1]}`,
        { [name]: wrong[0] },
        {
          status: 400,
          message: new RegExp(
            `^Invalid type for '${name}': expected .+, but got ${wrong[1]} instead\\.$`,
          ),
          param: name,
          code: 'invalid_type',
        },
        'R',
      )
    if (isPassedOn) continue
    if (field.texts !== null)
      refused(
        `${name} is none of its values`,
        { [name]: NO_TEXT },
        {
          status: 400,
          message: new RegExp(`^Invalid value: '${NO_TEXT}'\\. Supported values are: '`),
          param: name,
          code: 'invalid_value',
        },
        'T',
      )
    for (const [value, refusal, what] of outOfBounds(field))
      refused(what, { [name]: value }, refusal, 'T')
    const { maxLength, maxItems } = field
    if (maxLength !== null)
      refused(
        `${name} of ${maxLength + 1} characters`,
        { [name]: 'x'.repeat(maxLength + 1) },
        {
          status: 400,
          message: `Invalid '${name}': string too long. Expected a string with maximum length ${maxLength}, but got a string with length ${maxLength + 1} instead.`,
          param: name,
          code: 'string_above_max_length',
        },
        'T',
      )
    if (maxItems !== null)
      refused(
        `${name} of ${maxItems + 1} items`,
        { [name]: longList(field, maxItems + 1) },
        { status: 400 },
        '?',
      )
    if (field.isMetadata)
      for (const [what, value, refusal, evidence] of metadataRows(field))
        refused(what, { [name]: value }, refusal, evidence)
  }
  return rows
}
