export { noteUsage, type UsageEntry } from './entry-store.ts'
export { findLimits, setLimits, subjectsOf } from './limits.ts'
export { createQuotas, type Hold, type Need, type Quotas } from './quotas.ts'
export { UsageFolder } from './usage-folder.ts'
