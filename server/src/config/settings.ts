/** How a variable of the environment becomes a value: with a schema, a meaning for the error, and a default. */
import { z } from 'zod'
import type { Env } from './env.ts'

/** A setting that cannot be used; the message names the variable and what it means. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

interface Setting<T> {
  /** What the variable means, for the error and the reference. */
  meaning: string
  schema: z.ZodType<T>
}

export const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0', 'yes', 'no'])
  .transform((text) => ['on', 'true', '1', 'yes'].includes(text))
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
export const address = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((text) => text.replace(/\/+$/, ''))
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

export const reader = (env: Env) => {
  const optional = <T>(name: string, setting: Setting<T>): T | undefined => {
    const text = env[name]?.trim()
    if (text === undefined || text === '') return undefined
    const parsed = setting.schema.safeParse(text)
    if (parsed.success) return parsed.data
    const why = parsed.error.issues[0]?.message ?? 'is not valid'
    throw new ConfigError(`${name}: ${why}. It is ${setting.meaning}.`)
  }
  const withDefault = <T>(name: string, fallback: T, setting: Setting<T>): T =>
    optional(name, setting) ?? fallback
  return { optional, withDefault }
}
