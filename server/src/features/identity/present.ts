import type { SessionRecord } from './store.ts'

/** A session as its person sees it, in the words of the library's endpoints beside it. */
export const presentSession = (session: SessionRecord, current: SessionRecord) => ({
  id: session.id,
  createdAt: new Date(session.createdMs).toISOString(),
  updatedAt: new Date(session.updatedMs).toISOString(),
  expiresAt: new Date(session.expiresMs).toISOString(),
  ipAddress: session.address,
  userAgent: session.userAgent,
  current: session.id === current.id,
})
