import type { Reader } from '../../platform/store/store.ts'
import type { LimitSubject } from './limits.ts'

const FIND = {
  person: 'select 1 as found from memberships where workspace_id = ?1 and person_id = ?2',
  key: 'select 1 as found from api_keys where workspace_id = ?1 and id = ?2',
  assistant: 'select 1 as found from assistants where workspace_id = ?1 and id = ?2',
} as const

/** Whether somebody a limit is to hold for is in the workspace. */
export const isThere = async (
  db: Reader,
  workspaceId: string,
  { kind, id }: LimitSubject,
): Promise<boolean> =>
  kind === 'workspace' ? id === workspaceId : (await db.get(FIND[kind], [workspaceId, id])) !== null
