import type { JsonObject } from '../manifest-fields.ts'
import { argumentName } from './operation-name.ts'

/** Gives an argument its name and its place in the schema; gives the name back. */
export type AddArgument = (argument: {
  name: string
  place: string
  schema: JsonObject
  required: boolean
}) => string

/** Arguments of one function, whose names are made distinct by the place they go to. */
export const collectArguments = (): { schema: () => JsonObject; add: AddArgument } => {
  const properties = new Map<string, JsonObject>()
  const required: string[] = []
  const add: AddArgument = ({ name, place, schema, required: isRequired }) => {
    const base = argumentName(name)
    let argument = properties.has(base) ? `${place}_${base}` : base
    for (let number = 2; properties.has(argument); number += 1)
      argument = `${place}_${base}_${number}`
    properties.set(argument, schema)
    if (isRequired) required.push(argument)
    return argument
  }
  const schema = (): JsonObject => ({
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
  })
  return { add, schema }
}
