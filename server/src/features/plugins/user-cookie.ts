import { createHmac } from 'node:crypto'
import type { Sealer } from '../../platform/sealing.ts'

/** PLUGIN_USER_COOKIE for a caller of a plugin. */
export type UserCookie = (
  plugin: { workspaceId: string; ownerId: string },
  callerId: string,
) => string

/**
 * An opaque token: the same for one caller and all plugins of one owner, different for any other pair, and of no use at any door of this
 * server (plugins.md 2: never a login).
 */
export const createUserCookie = (sealer: Pick<Sealer, 'derive'>): UserCookie => {
  const key = sealer.derive('plugin-user')
  return ({ workspaceId, ownerId }, callerId) =>
    createHmac('sha256', key)
      .update(`${workspaceId}/${ownerId}/${callerId}`)
      .digest('base64url')
      .slice(0, 32)
}
