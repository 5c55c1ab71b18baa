/**
 * The doors: set-up, invitation, sign-in, password reset and shared links, for people who have no session yet. The secret of a link stands
 * behind `#`, which browsers send to nobody. Served until the panel takes their place.
 */
import { open, page, post, send, state } from './door-page.js'
import { voice } from './door-words.js'

const API = '/api/assts/v1'
const token = location.hash.slice(1).replace(/^token=/, '')

const name = () => ({ name: 'name', type: 'text', label: voice.words.name, autocomplete: 'name' })
const email = (value = '') => ({
  name: 'email',
  type: 'email',
  label: voice.words.email,
  autocomplete: 'username',
  value,
})
const password = () => ({
  name: 'password',
  type: 'password',
  label: voice.words.password,
  autocomplete: 'current-password',
})
const newPassword = (label = voice.words.password) => ({
  name: 'password',
  type: 'password',
  label,
  hint: voice.words.passwordHint,
  autocomplete: 'new-password',
})
const anchor = (href, text) =>
  Object.assign(document.createElement('a'), { href, textContent: text })

const badLink = () => page({ title: voice.words.bad })

/** Where to after signing in: a path of this server, and nothing else. */
const nextPath = () => {
  const next = new URLSearchParams(location.search).get('next') ?? '/'
  const url = new URL(next, location.origin)
  return url.origin === location.origin && next.startsWith('/') ? url.pathname + url.search : '/'
}

const setup = () =>
  page({
    title: voice.words.setup,
    intro: voice.words.setupIntro,
    fields: [
      {
        name: 'workspace_name',
        type: 'text',
        label: voice.words.workspace,
        hint: voice.words.workspaceHint,
        autocomplete: 'organization',
        optional: true,
      },
      name(),
      email(),
      newPassword(),
    ],
    button: voice.words.setupDo,
    act: async ({ workspace_name: workspace, ...account }) => {
      await orBadLink(() =>
        post(`${API}/setup`, {
          token,
          ...account,
          ...(workspace.trim() === '' ? {} : { workspace_name: workspace }),
        }),
      )
    },
  })

/** A link that is not found is said to be bad; else somebody is signed in. */
const orBadLink = async (act, then = signedIn) => {
  try {
    await act()
  } catch (error) {
    if (error.status === 404) return open(badLink)
    throw error
  }
  return then()
}

const signedIn = async () => {
  const me = await send('GET', `${API}/me`)
  open(() =>
    page({
      title: voice.words.signedIn,
      intro: voice.words.signedInAs(me.name || me.email || '', me.workspace.name),
      seconds: [
        {
          label: voice.words.signOut,
          act: async () => {
            await post('/api/auth/sign-out')
            open(() => signIn(() => signedIn()))
          },
        },
      ],
      ways: [anchor('/', voice.words.toPanel)],
    }),
  )
}

/** The form of e-mail and password, and the second factor after it. @param then once somebody is signed in */
const signIn = (then, address = '', intro = '') =>
  page({
    title: voice.words.signIn,
    intro,
    fields: [email(address), password()],
    button: voice.words.signIn,
    act: async (account) => {
      let answer
      try {
        answer = await post('/api/auth/sign-in/email', account)
      } catch (error) {
        throw error.status === 401 ? new Error(voice.words.wrong) : error
      }
      if (answer.twoFactorRedirect === true) return open(() => secondFactor(then))
      return then()
    },
    seconds: singleSignOn(),
    ways: [anchor('/reset-password', voice.words.forgot)],
  })

const secondFactor = (then) =>
  page({
    title: voice.words.twoFactor,
    intro: voice.words.twoFactorIntro,
    fields: [
      {
        name: 'code',
        type: 'text',
        label: voice.words.code,
        hint: voice.words.codeHint,
        autocomplete: 'one-time-code',
      },
    ],
    button: voice.words.verify,
    act: async ({ code }) => {
      const kind = /^\d{6}$/.test(code.trim()) ? 'totp' : 'backup-code'
      try {
        await post(`/api/auth/two-factor/verify-${kind}`, { code: code.trim() })
      } catch (error) {
        throw error.status === 401 ? new Error(voice.words.wrongCode) : error
      }
      return then()
    },
  })

let providers = []
const singleSignOn = () =>
  providers.map(({ id, name: label }) => ({
    label: voice.words.signInWith(label),
    act: async () => {
      const callbackURL = location.pathname === '/sign-in' ? nextPath() : location.pathname
      const { url } = await post('/api/auth/sign-in/oauth2', { providerId: id, callbackURL })
      location.assign(url)
    },
  }))

const isSignedIn = async () => {
  try {
    await send('GET', `${API}/me`)
    return true
  } catch {
    return false
  }
}

const invitation = async () => {
  const seen = await post(`${API}/invitations/look`, { token })
  const intro = () => voice.words.invitedBy(seen.invited_by_name, seen.workspace_name)
  const accept = (account = {}) =>
    orBadLink(() => post(`${API}/invitations/accept`, { token, ...account }))
  if (seen.has_account) {
    const join = () =>
      page({
        title: voice.words.invitation,
        intro: intro(),
        button: voice.words.accept,
        act: () => accept(),
      })
    if (await isSignedIn()) return open(join)
    return open(() => signIn(() => open(join), seen.email, voice.words.signInFirst(seen.email)))
  }
  return open(() =>
    page({
      title: voice.words.invitation,
      intro: `${intro()} ${seen.email}`,
      fields: [name(), newPassword()],
      button: voice.words.accept,
      act: accept,
    }),
  )
}

const share = async () => {
  const seen = await post(`${API}/share-links/look`, { token })
  const redeem = async ({ link_password: secret }) => {
    let done
    try {
      done = await post(`${API}/share-links/redeem`, {
        token,
        ...(secret === undefined ? {} : { password: secret }),
      })
    } catch (error) {
      if (error.status === 404) return open(badLink)
      if (error.status === 401) {
        return open(() => signIn(() => open(ask), '', voice.words.shareSignIn))
      }
      throw error
    }
    return open(() =>
      page({
        title: voice.words.share,
        intro: voice.words.opened(seen.name ?? 'Melzi', done.assistant_id),
        ways: [anchor('/', voice.words.toPanel)],
      }),
    )
  }
  const ask = () =>
    page({
      title: voice.words.share,
      intro: voice.words.shareIntro(seen.name ?? 'Melzi'),
      fields: seen.password_required
        ? [
            {
              name: 'link_password',
              type: 'password',
              label: voice.words.linkPassword,
              autocomplete: 'off',
            },
          ]
        : [],
      button: voice.words.open,
      act: redeem,
      ways: [anchor(`/sign-in?next=${encodeURIComponent('/')}`, voice.words.signIn)],
    })
  return open(ask)
}

const reset = () =>
  token === ''
    ? page({
        title: voice.words.reset,
        intro: voice.words.resetIntro,
        fields: [email()],
        button: voice.words.resetSend,
        act: async (account) => {
          await post('/api/auth/request-password-reset', account)
          state(voice.words.resetSent)
        },
      })
    : page({
        title: voice.words.resetNew,
        fields: [newPassword(voice.words.newPassword)],
        button: voice.words.resetNew,
        act: async ({ password: chosen }) => {
          await post('/api/auth/reset-password', { newPassword: chosen, token })
          open(() => signIn(leave, '', voice.words.resetDone))
        },
      })

const leave = () => location.assign(nextPath())

const DOORS = {
  '/setup': async () => open(token === '' ? badLink : setup),
  '/invitation': invitation,
  '/share': share,
  '/reset-password': async () => open(reset),
  '/sign-in': async () => ((await isSignedIn()) ? signedIn() : open(() => signIn(leave))),
}

try {
  providers = (await send('GET', '/api/auth/providers')).providers
} catch {
  // without single sign-on there is the password
}
try {
  await DOORS[location.pathname.replace(/\/$/, '')]?.()
} catch (error) {
  if (error.status === 404) open(badLink)
  else page({ title: voice.words.failed, intro: error.message })
}
