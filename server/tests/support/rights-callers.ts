/** Who asks in the matrix. All but the outsider are in the workspace of the owner, whose things are asked for. */
export const CALLERS = [
  // no key at all
  'nobody',
  // a member with whom nothing is shared
  'foreign',
  // the owner's own key, limited to the assistant and to using it
  'limited',
  // a guest of the workspace, who may use the assistant
  'guest',
  // members who may use, view or edit the assistant
  'use',
  'view',
  'edit',
  // an admin of the workspace, with whom nothing is shared
  'admin',
  // the owner of another workspace
  'outsider',
  'owner',
] as const
export type Caller = (typeof CALLERS)[number]

/** The status each caller gets. */
export type Statuses = Readonly<Record<Caller, number>>

const all = (status: number): Statuses =>
  Object.fromEntries(
    CALLERS.map((caller) => [caller, caller === 'nobody' ? 401 : status]),
  ) as Statuses

/** Needs no key. */
export const open = (ok = 200): Statuses => ({ ...all(ok), nobody: ok })

/** For everybody who has a key: it only ever touches what is the caller's. */
export const everybody = (ok = 200): Statuses => all(ok)

/** A thing of its owner: to everybody else it is not there. */
export const theirs = (ok = 200): Statuses => ({ ...all(404), owner: ok })

/** The same behind a door that is closed to guests and keys that only use. */
export const theirsOfMakers = (ok = 200): Statuses => ({
  ...theirs(ok),
  limited: 403,
  guest: 403,
})

/** For everybody but guests and limited keys. */
export const makers = (ok = 200): Statuses => ({ ...all(ok), limited: 403, guest: 403 })

/** An assistant: what the rights on it allow. */
export const onAssistant = (rights: {
  use: number
  view: number
  edit: number
  own: number
}): Statuses => ({
  ...all(404),
  limited: rights.use,
  guest: rights.use,
  use: rights.use,
  view: rights.view,
  edit: rights.edit,
  owner: rights.own,
})

/**
 * For admins of the workspace; the outsider is one elsewhere.
 * @param elsewhere what the outsider gets
 */
export const admins = (ok = 200, elsewhere = ok): Statuses => ({
  ...all(403),
  admin: ok,
  outsider: elsewhere,
})
