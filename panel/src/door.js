/**
 * The doors: set-up, invitation, sign-in, password reset and shared links, for people who have no session yet. The secret of a link stands
 * behind `#`, which browsers send to nobody. Served until the panel takes their place.
 */
import { chosenLanguage, WORDS } from './door-words.js'

const API = '/api/assts/v1'
const $ = (id) => document.getElementById(id)
const token = location.hash.slice(1)

let language = chosenLanguage()
let words = WORDS[language]
let show = () => {}

/** Sends JSON; an answer that is no success throws, with what the server said. */
const send = async (method, path, body) => {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw Object.assign(new Error(words.offline), { status: 0 })
  }
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  if (response.ok) return answer
  const seconds = Number(response.headers.get('retry-after') ?? 60)
  const message =
    response.status === 429
      ? words.tooMany(seconds)
      : (answer.error?.message ?? answer.message ?? words.failed)
  throw Object.assign(new Error(message), {
    status: response.status,
    param: answer.error?.param ?? null,
  })
}
const post = (path, body = {}) => send('POST', path, body)

const element = (name, fields, ...inner) => {
  const made = Object.assign(document.createElement(name), fields)
  made.append(...inner)
  return made
}

const state = (text, isBad = false) => {
  $('state').textContent = text
  $('state').className = isBad ? 'bad' : ''
}

const field = ({ name, type, label, hint, autocomplete, value = '', optional = false }) => {
  const input = element('input', { name, type, autocomplete, value, required: !optional })
  const inner = [label, input]
  if (hint !== undefined) {
    const note = element('small', { id: `${name}-hint`, textContent: hint })
    input.setAttribute('aria-describedby', note.id)
    inner.push(note)
  }
  return element('label', {}, ...inner)
}

/**
 * Puts a page up.
 * @param fields of the form; none: no form
 * @param act what the form's button does; what it throws is shown, on its field where one is to blame
 */
const page = ({ title, intro = '', fields = [], button, act, seconds = [], ways = [] }) => {
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-Hant-TW'
  document.title = `${title} – Melzi`
  $('title').textContent = title
  $('intro').textContent = intro
  $('ways').replaceChildren(...ways)
  const submit = element('button', { type: 'submit', textContent: button ?? '' })
  const others = seconds.map(({ label, act: other }) =>
    element('button', {
      type: 'button',
      className: 'second',
      textContent: label,
      onclick: () => void attempt(other, [submit]),
    }),
  )
  const form = $('form')
  form.replaceChildren(...fields.map(field), ...(button === undefined ? [] : [submit]), ...others)
  form.onsubmit = (event) => {
    event.preventDefault()
    const inputs = [...form.querySelectorAll('input')]
    for (const input of inputs) input.removeAttribute('aria-invalid')
    const empty = inputs.find((input) => input.required && input.value.trim() === '')
    if (empty !== undefined) return blame(empty, words.required)
    const values = Object.fromEntries(inputs.map((input) => [input.name, input.value]))
    return void attempt(() => act(values), [submit, ...others])
  }
  form.querySelector('input')?.focus()
}

const blame = (input, message) => {
  input.setAttribute('aria-invalid', 'true')
  input.focus()
  state(message, true)
}

const attempt = async (act, buttons) => {
  for (const button of buttons) button.disabled = true
  state(words.wait)
  try {
    await act()
  } catch (error) {
    const input = error.param && $('form').querySelector(`[name="${error.param}"]`)
    if (input) blame(input, error.message)
    else state(error.message, true)
  }
  for (const button of buttons) button.disabled = false
}

/** Puts up what was decided, with the language kept for a change of it. */
const open = (next) => {
  state('')
  show = next
  next()
}

const name = () => ({ name: 'name', type: 'text', label: words.name, autocomplete: 'name' })
const email = (value = '') => ({
  name: 'email',
  type: 'email',
  label: words.email,
  autocomplete: 'username',
  value,
})
const password = () => ({
  name: 'password',
  type: 'password',
  label: words.password,
  autocomplete: 'current-password',
})
const newPassword = (label = words.password) => ({
  name: 'password',
  type: 'password',
  label,
  hint: words.passwordHint,
  autocomplete: 'new-password',
})
const link = (href, text) => element('a', { href, textContent: text })

const badLink = () => page({ title: words.bad })

/** Where to after signing in: a path of this server, and nothing else. */
const nextPath = () => {
  const next = new URLSearchParams(location.search).get('next') ?? '/'
  const url = new URL(next, location.origin)
  return url.origin === location.origin && next.startsWith('/') ? url.pathname + url.search : '/'
}

const setup = () =>
  page({
    title: words.setup,
    intro: words.setupIntro,
    fields: [
      {
        name: 'workspace_name',
        type: 'text',
        label: words.workspace,
        hint: words.workspaceHint,
        autocomplete: 'organization',
        optional: true,
      },
      name(),
      email(),
      newPassword(),
    ],
    button: words.setupDo,
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
      title: words.signedIn,
      intro: words.signedInAs(me.name || me.email || '', me.workspace.name),
      seconds: [
        {
          label: words.signOut,
          act: async () => {
            await post('/api/auth/sign-out')
            open(() => signIn(() => signedIn()))
          },
        },
      ],
      ways: [link('/', words.toPanel)],
    }),
  )
}

/** The form of e-mail and password, and the second factor after it. @param then once somebody is signed in */
const signIn = (then, address = '', intro = '') =>
  page({
    title: words.signIn,
    intro,
    fields: [email(address), password()],
    button: words.signIn,
    act: async (account) => {
      let answer
      try {
        answer = await post('/api/auth/sign-in/email', account)
      } catch (error) {
        throw error.status === 401 ? new Error(words.wrong) : error
      }
      if (answer.twoFactorRedirect === true) return open(() => secondFactor(then))
      return then()
    },
    seconds: singleSignOn(),
    ways: [link('/reset-password', words.forgot)],
  })

const secondFactor = (then) =>
  page({
    title: words.twoFactor,
    intro: words.twoFactorIntro,
    fields: [
      {
        name: 'code',
        type: 'text',
        label: words.code,
        hint: words.codeHint,
        autocomplete: 'one-time-code',
      },
    ],
    button: words.verify,
    act: async ({ code }) => {
      const kind = /^\d{6}$/.test(code.trim()) ? 'totp' : 'backup-code'
      try {
        await post(`/api/auth/two-factor/verify-${kind}`, { code: code.trim() })
      } catch (error) {
        throw error.status === 401 ? new Error(words.wrongCode) : error
      }
      return then()
    },
  })

let providers = []
const singleSignOn = () =>
  providers.map(({ id, name: label }) => ({
    label: words.signInWith(label),
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
  const intro = () => words.invitedBy(seen.invited_by_name, seen.workspace_name)
  const accept = (account = {}) =>
    orBadLink(() => post(`${API}/invitations/accept`, { token, ...account }))
  if (seen.has_account) {
    const join = () =>
      page({ title: words.invitation, intro: intro(), button: words.accept, act: () => accept() })
    if (await isSignedIn()) return open(join)
    return open(() => signIn(() => open(join), seen.email, words.signInFirst(seen.email)))
  }
  return open(() =>
    page({
      title: words.invitation,
      intro: `${intro()} ${seen.email}`,
      fields: [name(), newPassword()],
      button: words.accept,
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
        return open(() => signIn(() => open(ask), '', words.shareSignIn))
      }
      throw error
    }
    return open(() =>
      page({
        title: words.share,
        intro: words.opened(seen.name ?? 'Melzi', done.assistant_id),
        ways: [link('/', words.toPanel)],
      }),
    )
  }
  const ask = () =>
    page({
      title: words.share,
      intro: words.shareIntro(seen.name ?? 'Melzi'),
      fields: seen.password_required
        ? [
            {
              name: 'link_password',
              type: 'password',
              label: words.linkPassword,
              autocomplete: 'off',
            },
          ]
        : [],
      button: words.open,
      act: redeem,
      ways: [link(`/sign-in?next=${encodeURIComponent('/')}`, words.signIn)],
    })
  return open(ask)
}

const reset = () =>
  token === ''
    ? page({
        title: words.reset,
        intro: words.resetIntro,
        fields: [email()],
        button: words.resetSend,
        act: async (account) => {
          await post('/api/auth/request-password-reset', account)
          state(words.resetSent)
        },
      })
    : page({
        title: words.resetNew,
        fields: [newPassword(words.newPassword)],
        button: words.resetNew,
        act: async ({ password: chosen }) => {
          await post('/api/auth/reset-password', { newPassword: chosen, token })
          open(() => signIn(leave, '', words.resetDone))
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

const nameLanguage = () => {
  $('language').textContent = words.other
  $('language').lang = language === 'en' ? 'zh-Hant-TW' : 'en'
}
$('language').onclick = () => {
  language = language === 'en' ? 'zh-TW' : 'en'
  localStorage.setItem('melzi-language', language)
  words = WORDS[language]
  nameLanguage()
  state('')
  show()
}
nameLanguage()

try {
  providers = (await send('GET', '/api/auth/providers')).providers ?? []
} catch {
  // without single sign-on there is the password
}
try {
  await DOORS[location.pathname.replace(/\/$/, '')]?.()
} catch (error) {
  if (error.status === 404) open(badLink)
  else page({ title: words.failed, intro: error.message })
}
