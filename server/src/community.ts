import type { Config } from './config/config.ts'
import type { AssistantService } from './features/assistants/service.ts'
import { createAuditReader, type AuditLog, type AuditReader } from './features/audit/service.ts'
import { createDataRights, type DataRights } from './features/data-rights/service.ts'
import { createFeedbackService, type FeedbackService } from './features/feedback/service.ts'
import type { FileService } from './features/files/service.ts'
import { createIdentity, type Identity } from './features/identity/service.ts'
import type { MessageService } from './features/messages/service.ts'
import {
  createAdmittance,
  createGroups,
  createInvitations,
  createMembers,
  createSetup,
  type Groups,
  type Invitations,
  type Members,
  type PeopleService,
  type Setup,
} from './features/people/service.ts'
import type { PluginService } from './features/plugins/service.ts'
import { createSharing, type Sharing } from './features/sharing/sharing.ts'
import {
  createLimitSettings,
  createUsageReports,
  type LimitSettings,
  type UsageReports,
} from './features/usage/service.ts'
import type { WebhookOutbox } from './features/webhooks/service.ts'
import type { BlobStore } from './platform/blobs/blob-store.ts'
import type { Clock } from './platform/clock.ts'
import type { Logger } from './platform/log.ts'
import type { Mailer } from './platform/mail.ts'
import type { Sealer } from './platform/sealing.ts'
import type { Store } from './platform/store/store.ts'

/** All that is about people: who they are, what they share, what is kept of them. */
export interface Community {
  identity: Identity
  members: Members
  groups: Groups
  invitations: Invitations
  setup: Setup
  sharing: Sharing
  auditReader: AuditReader
  feedback: FeedbackService
  dataRights: DataRights
  usageReports: UsageReports
  limitSettings: LimitSettings
  /** Lets go of what is over. */
  sweep(): Promise<void>
}

export interface CommunityDeps {
  config: Config
  store: Store
  clock: Clock
  log: Logger
  sealer: Sealer
  mailer: Mailer
  blobs: BlobStore
  audit: AuditLog
  people: PeopleService
  assistants: AssistantService
  plugins: PluginService
  files: FileService
  messages: MessageService
  /** Where people open links, without a slash at the end. */
  origin: () => string
  /** Tells webhooks of a share, in its unit. */
  noteShare: WebhookOutbox['noteShare']
}

/** Builds them for context.ts, which they would fill by themselves. */
export const createCommunity = (deps: CommunityDeps): Community => {
  const { config, store, audit, assistants } = deps
  const { oidc } = config.identity
  const admittance = createAdmittance({ ...deps, domains: oidc?.domains ?? [] })
  const identity = createIdentity({ ...deps, oidc, admit: admittance })
  const { accounts } = identity
  const invitations = createInvitations({ ...deps, accounts })
  admittance.invites(invitations)
  const sharing = createSharing({
    ...deps,
    invitations,
    accounts,
    hasSession: accounts.hasSession,
  })
  const members = createMembers({
    ...deps,
    assistantsOf: assistants.idsOf,
    handOver: sharing.handOver,
  })
  const dataRights = createDataRights({ ...deps, members, forgetAccount: accounts.forget })
  return {
    identity,
    members,
    groups: createGroups(deps),
    invitations,
    setup: createSetup({ ...deps, accounts }),
    sharing,
    auditReader: createAuditReader({ store, audit }),
    feedback: createFeedbackService(deps),
    dataRights,
    usageReports: createUsageReports(deps),
    limitSettings: createLimitSettings(deps),
    sweep: async () => {
      await identity.sweep()
      await sharing.sweepGuests()
      await dataRights.sweep()
    },
  }
}
