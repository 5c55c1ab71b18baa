import type { CreateKeyRequest } from '@melzi/contract/key.ts'
import { createAuditLog } from '../../src/features/audit/service.ts'
import {
  createKeyService,
  type KeyService,
  type KeyServiceDeps,
} from '../../src/features/keys/service.ts'
import type { Principal } from '../../src/platform/principal.ts'

/** The service with the audit log it has in the server; no assistant is there for a key to be limited to, unless the test says otherwise. */
export const keyService = (
  deps: Pick<KeyServiceDeps, 'store' | 'clock' | 'log'> & Partial<KeyServiceDeps>,
) =>
  createKeyService({
    audit: createAuditLog(deps),
    checkAssistant: () => Promise.reject(new Error('no assistant is there')),
    ...deps,
  })

/** What a request for a key that may everything says. */
const wholeKey = (name: string, more: Partial<CreateKeyRequest> = {}): CreateKeyRequest => ({
  name,
  assistant_ids: null,
  access: 'manage',
  origins: null,
  expires_at: null,
  limits: null,
  long: false,
  ...more,
})

/** A key for somebody who came without one. */
export const makeKey = (
  keys: Pick<KeyService, 'create'>,
  owner: Principal,
  more: Partial<CreateKeyRequest> = {},
) => keys.create({ ...owner, keyId: null }, wholeKey('mine', more))
