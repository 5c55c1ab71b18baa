export { noteUsage, type UsageEntry } from './entry-store.ts'
export { findLimits, setLimits, subjectsOf } from './limits.ts'
