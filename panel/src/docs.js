/** What the page at /docs has beside its text: a filter, buttons to copy, and the memory of the language of samples. */
const MEMORY = 'melzi-docs-sample'
const COPIED_MS = 1_500

/** The store of a browser may be closed to us; the page does without. */
const remember = (use) => {
  try {
    return use(localStorage)
  } catch {
    return null
  }
}

const choices = [...document.querySelectorAll('input[name="sample"]')]
const last = remember((store) => store.getItem(MEMORY))
for (const choice of choices) {
  if (choice.value === last) choice.checked = true
  choice.addEventListener('change', () => remember((store) => store.setItem(MEMORY, choice.value)))
}

const { copy, copied } = document.body.dataset
const select = (element) => {
  const range = document.createRange()
  range.selectNodeContents(element)
  getSelection().removeAllRanges()
  getSelection().addRange(range)
}
for (const sample of document.querySelectorAll('.sample')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = copy
  const copyCode = async () => {
    const code = sample.querySelector('pre code')
    // without https there is no clipboard: the text is marked, for the reader's own keys
    if (navigator.clipboard === undefined) {
      select(code)
      return
    }
    await navigator.clipboard.writeText(code.textContent)
    button.textContent = copied
    setTimeout(() => (button.textContent = copy), COPIED_MS)
  }
  button.addEventListener('click', () => void copyCode())
  sample.append(button)
}

/** A narrow window begins with the calls, not with a long list of them. */
if (matchMedia('(width < 62rem)').matches)
  document.querySelector('.contents details').removeAttribute('open')

const filter = document.querySelector('#filter')
const calls = [...document.querySelectorAll('.call')].map((element) => ({
  element,
  text:
    element.querySelector('.said').querySelector('h3').textContent.toLowerCase() +
    ' ' +
    element.querySelector('.line').textContent.toLowerCase() +
    ' ' +
    element.id.toLowerCase(),
  entry: document.querySelector(`.contents a[href="#${element.id}"]`).parentElement,
}))
const groups = [...document.querySelectorAll('main > section:not(#objects)')].map((element) => ({
  element,
  entry: document.querySelector(`.contents a.tag[href="#${element.id}"]`).parentElement,
}))
const objects = document.querySelector('#objects')
const nothing = document.querySelector('.nothing')

const show = () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const { element, text, entry } of calls) {
    const isWanted = words.every((word) => text.includes(word))
    element.hidden = !isWanted
    entry.hidden = !isWanted
  }
  let found = 0
  for (const { element, entry } of groups) {
    const shown = element.querySelectorAll('.call:not([hidden])').length
    element.hidden = shown === 0
    entry.hidden = shown === 0
    found += shown
  }
  objects.hidden = words.length > 0
  nothing.hidden = found > 0
}
filter.addEventListener('input', show)
filter.parentElement.hidden = false
/** An address that leads to something the filter hides shows it again. */
addEventListener('hashchange', () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target === null || target.closest('[hidden]') === null) return
  filter.value = ''
  show()
  target.scrollIntoView()
})

export {}
