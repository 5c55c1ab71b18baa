import type { TransferRequest } from '@melzi/contract/share.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Access } from './rights-store.ts'
import type { Shares } from './shares.ts'
import { findInsider, findInsiderByEmail, type Insider } from './store.ts'
import {
  deleteSharesWith,
  giveAssistant,
  giveFiles,
  givePlugins,
  giveStores,
  lockAssistant,
} from './transfer-store.ts'

export interface Transferred {
  id: string
  ownerId: string
  kept: Access | null
  pluginIds: string[]
  storeIds: string[]
  fileIds: string[]
}

/** An assistant on its way from one person to another. */
export interface Handed {
  workspaceId: string
  assistantId: string
  from: string
  to: string
}

/**
 * Hands an assistant over. Its plugins, vector stores and files go along where nothing else uses them; what something else uses stays its
 * owner's, and the assistant goes on using it.
 */
export const createTransfer = (deps: {
  store: Store
  clock: Clock
  audit: AuditLog
  shares: Pick<Shares, 'getManaged' | 'put'>
}) => {
  const { store, clock, audit, shares } = deps

  const heirOf = async (
    tx: Tx,
    workspaceId: string,
    { person_id: id, email }: TransferRequest,
  ): Promise<Insider> => {
    if ((id === undefined) === (email === undefined)) {
      throw errors.invalid("Send either 'person_id' or 'email'.", 'person_id', 'invalid_value')
    }
    const found =
      id === undefined
        ? await findInsiderByEmail(tx, workspaceId, email ?? '')
        : await findInsider(tx, workspaceId, id)
    if (found === null) throw errors.notFound('person', id ?? email ?? '')
    if (found.role === 'guest') {
      throw errors.invalid(
        'Guests cannot own an assistant.',
        id === undefined ? 'email' : 'person_id',
        'invalid_value',
      )
    }
    return found
  }

  /** Gives the assistant with what goes along, inside the unit; `keep` is what its owner keeps. */
  const give = async (
    tx: Tx,
    principal: Principal,
    handed: Handed,
    keep: Access | null,
  ): Promise<Transferred> => {
    const { workspaceId, assistantId, from, to } = handed
    // of two who hand it over at once, one does
    if ((await lockAssistant(tx, workspaceId, assistantId)) !== from) {
      throw errors.notFound('assistant', assistantId)
    }
    await giveAssistant(tx, handed)
    const pluginIds = await givePlugins(tx, handed)
    const storeIds = await giveStores(tx, handed)
    const fileIds = await giveFiles(tx, handed)
    await deleteSharesWith(tx, { workspaceId, assistantId, personId: to })
    await audit.note(tx, principal, {
      action: 'assistant.transfer',
      kind: 'assistant',
      id: assistantId,
      details: { from, to, kept: keep, plugin_ids: pluginIds },
    })
    if (keep !== null) {
      await shares.put(tx, principal, {
        workspaceId,
        id: newId('share_'),
        assistantId,
        granteeKind: 'person',
        granteeId: from,
        access: keep,
        createdBy: principal.personId,
        createdAt: seconds(clock.now()),
        expiresAt: null,
        link: null,
      })
    }
    return { id: assistantId, ownerId: to, kept: keep, pluginIds, storeIds, fileIds }
  }

  return {
    /** @throws AppError 403, 404 unless its owner calls; 400 for an heir that cannot own it */
    transfer: async (
      principal: Principal,
      assistantId: string,
      request: TransferRequest,
    ): Promise<Transferred> =>
      store.write('assistant.transfer', async (tx) => {
        const { workspaceId, ownerId: from } = await shares.getManaged(tx, principal, assistantId)
        const heir = await heirOf(tx, workspaceId, request)
        if (heir.personId === from) {
          throw errors.invalid(
            'The assistant is this person’s already.',
            'person_id',
            'invalid_value',
          )
        }
        const handed = { workspaceId, assistantId, from, to: heir.personId }
        return give(tx, principal, handed, request.keep)
      }),

    /**
     * Gives the assistant of somebody who goes to another, inside the unit that sees the person off, which has checked the caller's right.
     * @throws AppError 404 when it is not that person's
     */
    handOver: async (tx: Tx, principal: Principal, handed: Handed): Promise<void> => {
      await give(tx, principal, handed, null)
    },
  }
}
