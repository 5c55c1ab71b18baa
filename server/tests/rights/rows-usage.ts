import {
  admins,
  everybody,
  makers,
  theirsOfMakers,
  type Statuses,
} from '../support/rights-callers.ts'
import type { House } from '../support/rights-house.ts'
import type { Row } from './row.ts'

/** For members; guests and limited keys learn of their own key only. */
const MEMBERS = makers()

const ofPerson = (h: House) => ({
  params: { subject_kind: 'person', subject_id: h.people.foreign.personId },
})
/** The limits of somebody: admins of the workspace set them. */
const LIMIT: Statuses = admins(200, 404)

/** Usage, prices and limits. */
export const USAGE_ROWS: Readonly<Record<string, Row>> = {
  getUsage: { who: MEMBERS, ask: () => ({ params: {} }) },
  exportUsage: { who: MEMBERS, ask: () => ({ params: {} }) },
  getOwnUsage: { who: everybody(), ask: () => ({ params: {} }) },
  getPrices: { who: admins(), ask: () => ({ params: {} }) },
  setPrices: {
    who: admins(),
    ask: () => ({ params: {}, body: { currency: 'USD', prices: [] } }),
  },
  listLimits: { who: admins(), ask: () => ({ params: {} }) },
  getLimit: { who: LIMIT, ask: ofPerson },
  setLimit: {
    who: LIMIT,
    ask: (h) => ({ ...ofPerson(h), body: { tokens_per_day: 1_000_000 } }),
  },
  deleteLimit: { who: LIMIT, ask: ofPerson },
}

/** A port of this machine where nobody listens, opened in the house for webhooks. */
const NOWHERE = 'http://127.0.0.1:9/'

let hooks = 0
const hook = async (h: House) => {
  const url = `${NOWHERE}${(hooks += 1)}`
  const { id } = await h.make('owner', '/webhooks', { url, events: ['run.completed'] })
  return { params: { webhook_id: id } }
}
const delivery = async (h: House) => {
  const { params } = await hook(h)
  await h.run()
  const { body } = await h.send('owner', 'GET', `/webhooks/${params.webhook_id}/deliveries`)
  const [first] = (body as { data: { id: string }[] }).data
  return { params: { ...params, delivery_id: first?.id ?? '' } }
}

/** Webhooks. */
export const WEBHOOK_ROWS: Readonly<Record<string, Row>> = {
  createWebhook: {
    who: makers(),
    ask: () => ({
      params: {},
      body: { url: NOWHERE, events: ['run.completed'] },
    }),
  },
  listWebhooks: {
    who: makers(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await hook(h)).params.webhook_id }),
  },
  getWebhook: { who: theirsOfMakers(), ask: hook },
  modifyWebhook: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await hook(h)), body: { paused: true } }),
  },
  deleteWebhook: { who: theirsOfMakers(), ask: hook },
  rotateWebhookSecret: { who: theirsOfMakers(), ask: hook },
  testWebhook: { who: theirsOfMakers(), ask: hook },
  listWebhookDeliveries: { who: theirsOfMakers(), ask: hook },
  getWebhookDelivery: { who: theirsOfMakers(), ask: delivery },
  redeliverWebhook: { who: theirsOfMakers(), ask: delivery },
}
