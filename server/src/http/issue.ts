/** What zod says about a body, and which of it the client should hear. */
import type * as z from 'zod/mini'

/** The members of zod's issues that are read here; which of them are there depends on `code`. */
export interface Issue {
  code?: string | undefined
  path: PropertyKey[]
  /** Not zod's wording: what {@link issueHint} knew. */
  message: string
  input?: unknown
  expected?: string
  values?: unknown[]
  options?: unknown[]
  errors?: Issue[][]
  keys?: string[]
  origin?: string
  format?: string
  prefix?: string
  pattern?: string
  maximum?: number | bigint
  minimum?: number | bigint
  /** Characters counted by the contract's own rule. */
  length?: number
  params?: Record<string, unknown>
}

interface RawIssue {
  code?: string | undefined
  inst?: { _zod?: { def?: object } } | undefined
  schema?: { _zod?: { def?: object } } | undefined
}

const INTEGER = 'integer'

/**
 * Zod drops the schema from a finished issue, so what is needed of it is kept in the message: `integer` for a fault of an integer
 * field, the keys of the object for an unknown key.
 */
export const issueHint = (issue: RawIssue): string => {
  const def = { ...issue.inst?._zod?.def } as { shape?: object }
  if (issue.code === 'unrecognized_keys') return Object.keys(def.shape ?? {}).join(' ')
  const owner = { ...issue.schema?._zod?.def } as { format?: string }
  return owner.format === 'safeint' ? INTEGER : '-'
}

export const isInteger = (issue: Issue): boolean =>
  issue.message === INTEGER || issue.expected === 'int'

const failsAtRoot = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    (issue.code === 'invalid_union' && issue.options === undefined))

/**
 * A failed union stands for the branch the client meant, by the value's own type: the first whose complaints lie inside the value.
 * Where no branch takes this kind of value, the union itself stays, as the one complaint.
 */
const flatten = (issue: Issue): Issue[] => {
  if (issue.code !== 'invalid_union' || issue.options !== undefined) return [issue]
  const meant = issue.errors?.find((branch) => !branch.some(failsAtRoot))
  if (meant === undefined) return [issue]
  return meant.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }))
}

/** True when the fault is that something required is not there. */
export const isMissing = (issue: Issue): boolean => {
  if (issue.options !== undefined) {
    const key = issue.path.at(-1)
    const holder = issue.input as Record<PropertyKey, unknown> | undefined
    return key === undefined || holder?.[key] === undefined
  }
  return (
    issue.input === undefined &&
    (issue.code === 'invalid_type' ||
      issue.code === 'invalid_value' ||
      issue.code === 'invalid_union')
  )
}

/** Required keys first, then unknown keys, then types and ranges (behaviour.md 2, order of checks). */
const rank = (issue: Issue): number => {
  if (isMissing(issue)) return 0
  return issue.code === 'unrecognized_keys' ? 1 : 2
}

/** Whether the first complaint is of the range of all integers, and this one of the field's own, which is what the client should hear. */
const isNarrower = (issue: Issue, first: Issue): boolean =>
  issue.code === first.code &&
  Math.abs(Number(first.maximum ?? first.minimum)) === Number.MAX_SAFE_INTEGER &&
  issue.path.length === first.path.length &&
  issue.path.every((key, index) => key === first.path[index])

/** The one issue to answer with: of the first rank that has any, the first in the schema's order. */
export const firstIssue = (error: z.core.$ZodError): Issue | undefined => {
  const issues = (error.issues as unknown as Issue[]).flatMap(flatten)
  let first: Issue | undefined
  for (const issue of issues) {
    if (first === undefined || rank(issue) < rank(first) || isNarrower(issue, first)) first = issue
  }
  return first
}
