import { AuditExportQuery, AuditListQuery, type AuditEntryObject } from '@melzi/contract/audit.ts'
import type { FastifyInstance } from 'fastify'
import { sendTable } from '../../http/send-table.ts'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseQuery } from '../../http/validate.ts'
import { presentEntry } from './present.ts'
import type { AuditFilter, AuditReader } from './service.ts'

const COLUMNS = [
  'id',
  'created_at',
  'action',
  'person_id',
  'key_id',
  'session_id',
  'address',
  'object_kind',
  'object_id',
  'details',
] as const satisfies readonly (keyof AuditEntryObject)[]

const filterOf = (query: Omit<AuditExportQuery, 'format'>): AuditFilter => ({
  personId: query.person_id ?? null,
  keyId: query.key_id ?? null,
  objectId: query.object_id ?? null,
  action: query.action ?? null,
  since: query.since ?? null,
  until: query.until ?? null,
})

export const auditRoutes = (app: FastifyInstance, audit: AuditReader): void => {
  app.get('/audit', readsQuery, async (request) => {
    const query = parseQuery(AuditListQuery, request.query)
    const page = await audit.list(request.principal, filterOf(query), toPageQuery(query))
    return listReply(page.items.map(presentEntry), page)
  })

  app.get('/audit/export', readsQuery, async (request, reply) => {
    const { format, ...query } = parseQuery(AuditExportQuery, request.query)
    const entries = await audit.export(request.principal, filterOf(query))
    return sendTable(reply, { name: 'audit', format, columns: COLUMNS }, entries, presentEntry)
  })

  app.get<{ Params: { entry_id: string } }>('/audit/:entry_id', async (request) =>
    presentEntry(await audit.get(request.principal, request.params.entry_id)),
  )
}
