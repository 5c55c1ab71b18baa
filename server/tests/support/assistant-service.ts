import {
  createAssistantService,
  type AssistantServiceDeps,
} from '../../src/features/assistants/service.ts'
import { createAuditLog } from '../../src/features/audit/service.ts'
import { createRights } from '../../src/features/sharing/service.ts'

/** The service with the rights and the audit log it has in the server. */
export const assistantService = (deps: Omit<AssistantServiceDeps, 'rights' | 'audit'>) =>
  createAssistantService({ ...deps, rights: createRights(deps), audit: createAuditLog(deps) })
