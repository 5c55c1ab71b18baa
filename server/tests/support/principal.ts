import type { Principal } from '../../src/platform/principal.ts'

/** A member who calls with nothing held back. */
export const asPrincipal = (
  who: Pick<Principal, 'workspaceId' | 'personId'> & Partial<Principal>,
): Principal => ({
  role: 'member',
  keyId: null,
  sessionId: null,
  from: null,
  scope: null,
  ...who,
})
