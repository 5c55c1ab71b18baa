import { rowsOf } from '../row.ts'

export const { rows: assistantRows } = rowsOf('assistants')
