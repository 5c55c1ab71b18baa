/** One comparison: what Melzi takes or makes, and what stands beside it in the same run. */
export interface Figure {
  measure: string
  unit: 'ms' | 'us' | 'per second'
  melzi: number
  beside: number
  /** What matters of the two: how many times as much, or how much more. */
  compare: 'ratio' | 'added'
  /** The comparison is to be at most this; null: no aim is set. */
  aim: number | null
}

export interface Section {
  name: SectionName
  title: string
  /** What stands beside Melzi. */
  beside: string
  /** How it was measured, in sentences. */
  how: string
  figures: Figure[]
  /** Why there are no figures, or not all; with the way to get them. */
  skipped: string[]
}

export const SECTION_NAMES = [
  'first-token',
  'stream-cpu',
  'lifecycles',
  'plugin-calls',
  'crowd-deno',
  'crowd-native',
  'search',
  'indexing',
  'key-check',
] as const
export type SectionName = (typeof SECTION_NAMES)[number]

/** How much is measured. */
export interface Scale {
  /** True for the smoke test: tiny numbers, which say that the bench works and nothing else. */
  quick: boolean
  /** Where the server leaves a CPU profile when it ends; null: none is made. */
  profileDir: string | null
}

/** The comparison of a figure, in its unit for `added`, else a plain number. */
export const compared = ({ compare, melzi, beside }: Figure): number =>
  compare === 'ratio' ? melzi / beside : melzi - beside
