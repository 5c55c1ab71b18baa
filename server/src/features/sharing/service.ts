export { createRights, type Rights } from './rights.ts'
