import {
  admins,
  everybody,
  makers,
  onAssistant,
  open,
  theirs,
  theirsOfMakers,
  type Statuses,
} from '../support/rights-callers.ts'
import type { House } from '../support/rights-house.ts'
import type { Row } from './row.ts'

/** For people themselves and guests too, and for no key that is limited. */
const ME: Statuses = { ...everybody(), limited: 403 }
/** Something of the workspace that its members see. */
const MEMBERS: Statuses = { ...makers(), outsider: 404 }
/** Something of the workspace that its admins change. */
const ADMINS = admins(200, 404)
/** What an admin, also of another workspace, does for its own. */
const OWN_ADMINS = admins()
const MANAGED = onAssistant({ use: 403, view: 403, edit: 403, own: 200 })
const LOOKED_INTO = onAssistant({ use: 403, view: 200, edit: 200, own: 200 })

let names = 0
const name = () => `Name ${(names += 1)}`

const newMember = async (h: House) => ({ params: { person_id: await h.member() } })
const newGroup = async (h: House) => ({
  params: { group_id: (await h.make('admin', '/groups', { name: name() })).id },
})
const filledGroup = async (h: House) => {
  const { params } = await newGroup(h)
  const person_id = await h.member()
  await h.make('admin', `/groups/${params.group_id}/members`, { person_id })
  return { params: { ...params, person_id } }
}
const newInvitation = async (h: House) => {
  const email = `${name().replace(' ', '.')}@example.com`
  const { id } = await h.make('admin', '/invitations', { email })
  return { params: { invitation_id: id } }
}

/** People, groups and invitations. */
export const PEOPLE_ROWS: Readonly<Record<string, Row>> = {
  getMe: { who: ME, ask: () => ({ params: {} }) },
  modifyMe: { who: ME, ask: () => ({ params: {}, body: { name: 'Somebody' } }) },
  listPeople: {
    who: makers(),
    sees: ['foreign', 'use', 'view', 'edit', 'admin', 'owner'],
    ask: async (h) => ({ params: {}, id: await h.member(), query: '?limit=100' }),
  },
  getPerson: { who: MEMBERS, ask: newMember },
  modifyPerson: {
    who: ADMINS,
    ask: async (h) => ({ ...(await newMember(h)), body: { role: 'guest' } }),
    fresh: true,
  },
  removePerson: { who: ADMINS, ask: newMember, fresh: true },
  listWorkspaces: { who: ME, ask: () => ({ params: {} }) },
  createWorkspace: { who: OWN_ADMINS, ask: () => ({ params: {}, body: { name: 'Another' } }) },
  modifyWorkspace: {
    who: ADMINS,
    ask: (h) => ({
      params: { workspace_id: h.people.owner.workspaceId },
      body: { name: 'Renamed' },
    }),
  },

  listGroups: {
    who: makers(),
    sees: ['foreign', 'use', 'view', 'edit', 'admin', 'owner'],
    ask: async (h) => ({ params: {}, id: (await newGroup(h)).params.group_id }),
  },
  createGroup: {
    who: OWN_ADMINS,
    ask: () => ({ params: {}, body: { name: name() } }),
    fresh: true,
  },
  getGroup: { who: MEMBERS, ask: newGroup },
  modifyGroup: {
    who: ADMINS,
    ask: async (h) => ({ ...(await newGroup(h)), body: { name: name() } }),
    fresh: true,
  },
  deleteGroup: { who: ADMINS, ask: newGroup, fresh: true },
  listGroupMembers: { who: MEMBERS, ask: filledGroup },
  addGroupMember: {
    who: ADMINS,
    ask: async (h) => ({ ...(await newGroup(h)), body: { person_id: await h.member() } }),
  },
  removeGroupMember: { who: ADMINS, ask: filledGroup, fresh: true },

  listInvitations: {
    who: OWN_ADMINS,
    sees: ['admin'],
    ask: async (h) => ({ params: {}, id: (await newInvitation(h)).params.invitation_id }),
  },
  createInvitation: {
    who: OWN_ADMINS,
    ask: () => ({ params: {}, body: { email: `${name().replace(' ', '.')}@example.org` } }),
    fresh: true,
  },
  getInvitation: { who: ADMINS, ask: newInvitation },
  resendInvitation: { who: ADMINS, ask: newInvitation },
  deleteInvitation: { who: ADMINS, ask: newInvitation, fresh: true },
  // whoever holds no link finds nothing, whoever it is
  lookAtInvitation: { who: open(404), ask: () => ({ params: {}, body: { token: 'guessed' } }) },
  acceptInvitation: { who: open(404), ask: () => ({ params: {}, body: { token: 'guessed' } }) },
  setUp: {
    who: open(404),
    ask: () => ({
      params: {},
      body: {
        token: 'guessed',
        name: 'Me',
        email: 'me@example.com',
        password: 'correct horse battery staple',
      },
    }),
  },
}

const answered = async (h: House) => {
  const { threadId, runId } = await h.run()
  const { body } = await h.send('owner', 'GET', `/threads/${threadId}/messages?run_id=${runId}`)
  const [message] = (body as { data: { id: string }[] }).data
  return { params: { thread_id: threadId, message_id: message?.id ?? '' } }
}
const praised = async (h: House) => {
  const ask = await answered(h)
  const { thread_id: threadId, message_id: id } = ask.params
  await h.make('owner', `/threads/${threadId}/messages/${id}/feedback`, { rating: 'up' })
  return ask
}
const onShared = (h: House) => ({ params: { assistant_id: h.assistantId } })

/** Feedback, audit log and data rights. */
export const RECORD_ROWS: Readonly<Record<string, Row>> = {
  getFeedback: { who: theirs(), ask: praised },
  giveFeedback: {
    who: theirs(),
    ask: async (h) => ({ ...(await answered(h)), body: { rating: 'up' } }),
  },
  deleteFeedback: { who: theirs(), ask: praised },
  listFeedback: { who: LOOKED_INTO, ask: onShared },
  exportFeedback: { who: LOOKED_INTO, ask: onShared },

  listAuditEntries: { who: OWN_ADMINS, ask: () => ({ params: {} }) },
  exportAuditEntries: { who: OWN_ADMINS, ask: () => ({ params: {} }) },
  getAuditEntry: {
    who: ADMINS,
    ask: async (h) => {
      const { body } = await h.send('admin', 'GET', '/audit?limit=1')
      const [entry] = (body as { data: { id: string }[] }).data
      return { params: { entry_id: entry?.id ?? '' } }
    },
  },

  exportPerson: {
    // for the person itself; the head of the workspace, who may too, is nobody of the matrix
    who: { ...admins(403, 404), owner: 200 },
    ask: (h) => ({ params: { person_id: h.people.owner.personId } }),
  },
  erasePerson: {
    who: ADMINS,
    ask: async (h) => {
      const id = await h.member()
      return { params: { person_id: id }, body: { confirm: id } }
    },
    fresh: true,
  },
  getRetention: { who: OWN_ADMINS, ask: () => ({ params: {} }) },
  modifyRetention: {
    who: OWN_ADMINS,
    ask: () => ({ params: {}, body: { threads_days: 3_650 } }),
  },
}

const linked = async (h: House) => {
  const assistant_id = await h.sharedCopy()
  const { id } = await h.make('owner', `/assistants/${assistant_id}/shares`, { type: 'link' })
  return { params: { assistant_id, share_id: id } }
}

/** Who else has an assistant. */
export const SHARING_ROWS: Readonly<Record<string, Row>> = {
  listShares: { who: MANAGED, ask: onShared },
  createShare: {
    who: MANAGED,
    ask: async (h) => ({
      params: { assistant_id: await h.sharedCopy() },
      body: { type: 'link', guests: true },
    }),
  },
  getShare: { who: MANAGED, ask: linked },
  modifyShare: {
    who: MANAGED,
    ask: async (h) => ({ ...(await linked(h)), body: { access: 'view' } }),
  },
  deleteShare: { who: MANAGED, ask: linked },
  listAccess: { who: MANAGED, ask: onShared },
  transferAssistant: {
    who: MANAGED,
    ask: async (h) => ({
      params: { assistant_id: await h.sharedCopy() },
      body: { person_id: await h.member() },
    }),
  },
  duplicateAssistant: { who: LOOKED_INTO, ask: (h) => ({ ...onShared(h), body: {} }) },
  lookAtShareLink: { who: open(404), ask: () => ({ params: {}, body: { token: 'guessed' } }) },
  redeemShareLink: {
    who: { ...open(404), limited: 403 },
    ask: () => ({ params: {}, body: { token: 'guessed' } }),
  },
}

const newKey = async (h: House) => ({
  params: { key_id: (await h.make('owner', '/keys', { name: name() })).id },
})
const KEY_READ: Statuses = { ...theirsOfMakers(), admin: 200 }
const KEY_CHANGED: Statuses = { ...theirsOfMakers(), admin: 403 }

/** Keys. */
export const KEY_ROWS: Readonly<Record<string, Row>> = {
  listApiKeys: {
    who: makers(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await newKey(h)).params.key_id }),
  },
  createApiKey: { who: makers(), ask: () => ({ params: {}, body: { name: 'mine' } }) },
  getApiKey: { who: KEY_READ, ask: newKey },
  modifyApiKey: {
    who: KEY_CHANGED,
    ask: async (h) => ({ ...(await newKey(h)), body: { name: 'other' } }),
  },
  deleteApiKey: { who: KEY_READ, ask: newKey, fresh: true },
  rotateApiKey: { who: KEY_CHANGED, ask: async (h) => ({ ...(await newKey(h)), body: {} }) },
  getApiKeyUsage: { who: KEY_READ, ask: newKey },
  listShareKeys: { who: MANAGED, ask: onShared },
  createShareKey: { who: MANAGED, ask: (h) => ({ ...onShared(h), body: { name: 'class' } }) },
}
