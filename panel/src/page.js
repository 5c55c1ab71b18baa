/** The page at `/`: where the API is, and the state of what it stands on (GET /readyz). Served until the panel takes its place. */
const NAMES = { store: '資料庫 Store', sandbox: '沙箱 Sandbox', model: '模型 Model' }

for (const code of document.querySelectorAll('.base')) {
  code.textContent = `${location.origin}/api/assts/v1`
}

const entry = (name, { ok, detail }) => {
  const term = document.createElement('dt')
  term.textContent = NAMES[name]
  const value = document.createElement('dd')
  value.textContent = detail
  if (!ok && detail !== 'starting') value.className = 'bad'
  return [term, value]
}

/** Looks again while something is still starting. */
const show = async () => {
  const state = await (await fetch('/readyz')).json()
  const parts = Object.keys(NAMES).flatMap((name) => entry(name, state[name]))
  document.querySelector('#state').replaceChildren(...parts)
  if (Object.values(state).some((part) => part.detail === 'starting'))
    setTimeout(() => void show(), 2_000)
}

await show()
