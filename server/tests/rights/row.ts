import type { Caller, Statuses } from '../support/rights-callers.ts'
import type { House } from '../support/rights-house.ts'

/** What is asked for: how the path is filled, and what is sent. */
export interface Ask {
  params: Readonly<Record<string, string>>
  query?: string
  /** JSON, a form, or the text of a file. */
  body?: unknown
  /** Of an object in a list: only who `sees` may find it there. */
  id?: string
}

/** One row of the matrix: an operation of the reference, and what each caller gets. */
export interface Row {
  who: Statuses
  ask: (h: House, caller: Caller) => Promise<Ask> | Ask
  /** Whether each caller needs things of its own; else the owner, who asks last, uses them up. */
  fresh?: boolean
  /** Who asks; everybody, unless the row says otherwise. */
  callers?: readonly Caller[]
  /** Of lists: who finds the object of {@link Ask.id} in them. */
  sees?: readonly Caller[]
}
