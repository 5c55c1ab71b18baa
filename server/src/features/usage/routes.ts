import {
  LimitKind,
  LimitListQuery,
  SetLimitRequest,
  SetPricesRequest,
  UsageQuery,
  type DeletedLimit,
} from '@melzi/contract/usage.ts'
import type { FastifyInstance } from 'fastify'
import { attachment } from '../../http/content-disposition.ts'
import { listReply } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { pageOf } from '../../http/whole-list.ts'
import { errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { LimitSettings } from './limit-settings.ts'
import type { LimitSubject } from './limits.ts'
import { presentLimit, presentOwn, presentPrices, presentReport, reportCsv } from './present.ts'
import { askingAs, type UsageReports } from './reports.ts'

interface SubjectParams {
  subject_kind: string
  subject_id: string
}

/** @throws AppError 404 for a kind that nothing is limited by */
const subjectOf = ({ subject_kind: kind, subject_id: id }: SubjectParams): LimitSubject => {
  const known = LimitKind.safeParse(kind)
  if (!known.success) throw errors.notFound('limit', `${kind}/${id}`)
  return { kind: known.data, id }
}

const ONE = '/limits/:subject_kind/:subject_id'

/** Usage, prices and limits: paths of this server's own. */
export const usageRoutes = (
  app: FastifyInstance,
  {
    reports,
    settings,
    getKey,
  }: {
    reports: UsageReports
    settings: LimitSettings
    /** @throws AppError 404 for a key that is none of the principal's business */
    getKey: (principal: Principal, id: string) => Promise<unknown>
  },
): void => {
  app.get('/usage', readsQuery, async ({ principal, query }) =>
    presentReport(await reports.report(principal, parseQuery(UsageQuery, query))),
  )

  app.get('/usage/export', readsQuery, async ({ principal, query }, reply) => {
    const report = await reports.report(principal, parseQuery(UsageQuery, query))
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', attachment('usage.csv'))
      .send(reportCsv(report))
  })

  app.get('/usage/self', async ({ principal }) => presentOwn(await reports.own(principal)))

  app.get<{ Params: { key_id: string } }>('/keys/:key_id/usage', async ({ principal, params }) => {
    await getKey(principal, params.key_id)
    return presentOwn(await reports.own(askingAs(principal, params.key_id)))
  })

  app.get('/prices', async ({ principal }) => presentPrices(await settings.prices(principal)))

  app.post('/prices', async ({ principal, body }) =>
    presentPrices(await settings.setPrices(principal, parseBody(SetPricesRequest, body))),
  )

  app.get('/limits', readsQuery, async ({ principal, query }) => {
    const { subject_kind: kind, ...page } = parseQuery(LimitListQuery, query)
    const all = (await settings.list(principal)).map(presentLimit)
    const items = kind === undefined ? all : all.filter((limit) => limit.subject_kind === kind)
    const found = pageOf(items, page, 'limit')
    return listReply(found.items, found)
  })

  app.get<{ Params: SubjectParams }>(ONE, async ({ principal, params }) =>
    presentLimit(await settings.get(principal, subjectOf(params))),
  )

  app.post<{ Params: SubjectParams }>(ONE, async ({ principal, params, body }) =>
    presentLimit(
      await settings.set(principal, subjectOf(params), parseBody(SetLimitRequest, body)),
    ),
  )

  app.delete<{ Params: SubjectParams }>(ONE, async ({ principal, params }) => {
    const subject = subjectOf(params)
    await settings.delete(principal, subject)
    return { id: subject.id, object: 'limit.deleted', deleted: true } satisfies DeletedLimit
  })
}
