export { createRights, type Rights } from './rights.ts'
export { RightWatch, type Loss, type LostRun } from './right-watch.ts'
