export { findLimits, setLimits, subjectsOf } from './limits.ts'
export type { Limits } from './limits.ts'
