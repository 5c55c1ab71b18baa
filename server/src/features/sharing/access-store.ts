import type { Role } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row } from '../../platform/store/store.ts'
import { isReached, reaching, type Access } from './rights-store.ts'
import type { GranteeKind as WayKind } from './store.ts'

export type { GranteeKind as WayKind } from './store.ts'

export interface PersonWithAccess {
  id: string
  name: string
  email: string | null
  role: Role
}

/** People, as a table of which pages are cut by the person's id. */
const PEOPLE = `(select m.workspace_id, m.person_id as id, p.name, p.email, m.role
  from memberships m join people p on p.id = m.person_id) people_here`

const REACHED = isReached({
  workspace: '?1',
  assistant: '?2',
  person: 'people_here.id',
  isGuest: "people_here.role = 'guest'",
  now: '?4',
})

/** Everybody who has access to an assistant now. @param now Unix seconds */
export const listPeopleWithAccess = async (
  db: Reader,
  assistant: { workspaceId: string; id: string; ownerId: string },
  now: number,
  query: PageQuery,
): Promise<Page<PersonWithAccess>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: PEOPLE,
      where: `people_here.workspace_id = ?1 and (people_here.id = ?3 or ${REACHED})`,
      params: [assistant.workspaceId, assistant.id, assistant.ownerId, now],
      orderBy: 'id',
      kind: 'person',
    },
    query,
  )
  const items = page.items.map((row) => ({
    id: row['id'] as string,
    name: row['name'] as string,
    email: row['email'] as string | null,
    role: row['role'] as Role,
  }))
  return { items, hasMore: page.hasMore }
}

/** By which shares each of some people has access. @param now Unix seconds */
export const listWays = async (
  db: Reader,
  assistant: { workspaceId: string; id: string },
  personIds: readonly string[],
  now: number,
): Promise<{ personId: string; shareId: string; type: WayKind; access: Access }[]> => {
  if (personIds.length === 0) return []
  const marks = personIds.map((_, i) => `?${i + 4}`).join(', ')
  const reached = reaching({
    workspace: '?1',
    person: 'm.person_id',
    isGuest: "m.role = 'guest'",
    now: '?3',
  })
  const rows = await db.all(
    `select m.person_id, s.id, s.grantee_kind, s.access from memberships m join shares s on ${reached}
     where m.workspace_id = ?1 and s.assistant_id = ?2 and m.person_id in (${marks}) order by s.id`,
    [assistant.workspaceId, assistant.id, now, ...personIds],
  )
  return rows.map((row) => ({
    personId: row['person_id'] as string,
    shareId: row['id'] as string,
    type: row['grantee_kind'] as WayKind,
    access: row['access'] as Access,
  }))
}
