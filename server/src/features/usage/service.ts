export { embeddingEntry } from './embedding-entry.ts'
export { noteUsage, type UsageEntry } from './entry-store.ts'
export { keepUsage } from './keep-usage.ts'
export {
  /** @public */
  findLimits,
  setLimits,
  /** @public */
  subjectsOf,
} from './limits.ts'
export { createQuotas, type Hold, type Need, type Quotas } from './quotas.ts'
export { createLimitSettings, type LimitSettings } from './limit-settings.ts'
export { createUsageReports, type UsageReports } from './reports.ts'
export { UsageFolder } from './usage-folder.ts'
