import { ListQuery } from '@melzi/contract/list.ts'
import {
  CreateShareRequest,
  LookAtShareLinkRequest,
  ModifyShareRequest,
  NoBody,
  RedeemShareLinkRequest,
  TransferRequest,
  type DeletedShare,
} from '@melzi/contract/share.ts'
import type { FastifyInstance } from 'fastify'
import { visitorOf } from '../../http/auth.ts'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { pageOf } from '../../http/whole-list.ts'
import type { createAccessList } from './access.ts'
import type { createDuplicate } from './duplicate.ts'
import type { ShareLinks } from './links.ts'
import {
  presentAccess,
  presentDuplicate,
  presentLook,
  presentNewShare,
  presentRedeemed,
  presentShare,
  presentTransfer,
} from './present.ts'
import type { Shares } from './shares.ts'
import type { createTransfer } from './transfer.ts'

interface AssistantParams {
  assistant_id: string
}

interface ShareParams extends AssistantParams {
  share_id: string
}

const ONE = '/assistants/:assistant_id'
const SHARES = `${ONE}/shares`

export interface SharingRoutesDeps {
  shares: Shares
  accessList: ReturnType<typeof createAccessList>
  transfer: ReturnType<typeof createTransfer>['transfer']
  duplicate: ReturnType<typeof createDuplicate>
  /** Where people open links, without a slash at the end. */
  origin: () => string
}

/** Who else has an assistant: this server's own paths. */
export const sharingRoutes = (app: FastifyInstance, deps: SharingRoutesDeps): void => {
  const { shares, accessList, transfer, duplicate, origin } = deps

  app.get<{ Params: AssistantParams }>(SHARES, readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const all = await shares.list(request.principal, request.params.assistant_id)
    const page = pageOf(
      all.map((one) => presentShare(one, origin())),
      query,
      'share',
    )
    return listReply(page.items, page)
  })

  app.post<{ Params: AssistantParams }>(SHARES, async (request) => {
    const body = parseBody(CreateShareRequest, request.body)
    const made = await shares.create(request.principal, request.params.assistant_id, body)
    return presentNewShare(made, origin())
  })

  app.get<{ Params: ShareParams }>(`${SHARES}/:share_id`, async (request) => {
    const { assistant_id: assistantId, share_id: id } = request.params
    return presentShare(await shares.get(request.principal, assistantId, id), origin())
  })

  app.post<{ Params: ShareParams }>(`${SHARES}/:share_id`, async (request) => {
    const body = parseBody(ModifyShareRequest, request.body)
    const { assistant_id: assistantId, share_id: id } = request.params
    return presentShare(await shares.update(request.principal, assistantId, id, body), origin())
  })

  app.delete<{ Params: ShareParams }>(
    `${SHARES}/:share_id`,
    async (request): Promise<DeletedShare> => {
      const { assistant_id: assistantId, share_id: id } = request.params
      await shares.delete(request.principal, assistantId, id)
      return { id, object: 'assistant.share.deleted', deleted: true }
    },
  )

  app.get<{ Params: AssistantParams }>(`${ONE}/access`, readsQuery, async (request) => {
    const query = toPageQuery(parseQuery(ListQuery, request.query))
    const page = await accessList(request.principal, request.params.assistant_id, query)
    return listReply(page.items.map(presentAccess), page)
  })

  app.post<{ Params: AssistantParams }>(`${ONE}/transfer`, async (request) => {
    const body = parseBody(TransferRequest, request.body)
    return presentTransfer(await transfer(request.principal, request.params.assistant_id, body))
  })

  app.post<{ Params: AssistantParams }>(`${ONE}/duplicate`, async (request) => {
    parseBody(NoBody, request.body)
    return presentDuplicate(await duplicate(request.principal, request.params.assistant_id))
  })
}

/** For whoever holds a link, signed in or not: registered with a hook that lets both in. */
export const shareLinkRoutes = (app: FastifyInstance, links: ShareLinks): void => {
  app.post('/share-links/look', async (request) => {
    const { token } = parseBody(LookAtShareLinkRequest, request.body)
    return presentLook(await links.look(token))
  })

  app.post('/share-links/redeem', async (request, reply) => {
    const body = parseBody(RedeemShareLinkRequest, request.body)
    const from = { address: request.ip, userAgent: request.headers['user-agent'] ?? null }
    const redeemed = await links.redeem(body, visitorOf(request), from)
    if (redeemed.cookies.length > 0) reply.header('set-cookie', redeemed.cookies)
    return presentRedeemed(redeemed)
  })
}
