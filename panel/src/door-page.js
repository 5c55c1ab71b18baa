/** What a door's page is made of: a form, a sentence on its state, and the requests behind it. */
import { voice } from './door-words.js'

const $ = (id) => document.getElementById(id)

/** Sends JSON; an answer that is no success throws, with what the server said. */
export const send = async (method, path, body) => {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw Object.assign(new Error(voice.words.offline), { status: 0 })
  }
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  if (response.ok) return answer
  const seconds = Number(response.headers.get('retry-after') ?? 60)
  const message =
    response.status === 429
      ? voice.words.tooMany(seconds)
      : (answer.error?.message ?? answer.message ?? voice.words.failed)
  throw Object.assign(new Error(message), {
    status: response.status,
    param: answer.error?.param ?? null,
  })
}
export const post = (path, body = {}) => send('POST', path, body)

const element = (name, fields, ...inner) => {
  const made = Object.assign(document.createElement(name), fields)
  made.append(...inner)
  return made
}

export const state = (text, isBad = false) => {
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
export const page = ({ title, intro = '', fields = [], button, act, seconds = [], ways = [] }) => {
  document.documentElement.lang = voice.language === 'en' ? 'en' : 'zh-Hant-TW'
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
    if (empty !== undefined) return blame(empty, voice.words.required)
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
  state(voice.words.wait)
  try {
    await act()
  } catch (error) {
    const input = error.param && $('form').querySelector(`[name="${error.param}"]`)
    if (input) blame(input, error.message)
    else state(error.message, true)
  }
  for (const button of buttons) button.disabled = false
}

let shown = () => {}

/** Puts up a page, and again in the other language when that is chosen. */
export const open = (next) => {
  state('')
  shown = next
  next()
}

const nameLanguage = () => {
  $('language').textContent = voice.words.other
  $('language').lang = voice.language === 'en' ? 'zh-Hant-TW' : 'en'
}
$('language').onclick = () => {
  voice.change()
  nameLanguage()
  state('')
  shown()
}
nameLanguage()
