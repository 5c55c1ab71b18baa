export { findLimits, setLimits, subjectsOf } from './limits.ts'
