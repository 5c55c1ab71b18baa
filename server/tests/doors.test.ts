import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bootServer, type BootedServer } from './support/boot.ts'
import { openTestBrowser, type TestBrowser, type Visitor } from './support/browser.ts'
import { skipUnless } from './support/components.ts'

// What a person does who has a link and a browser, and nothing else.

const PASSWORD = 'correct horse battery staple'

describe('the doors', skipUnless('chromium'), () => {
  let server: BootedServer
  let browser: TestBrowser
  let owner: Visitor
  before(async () => {
    server = await bootServer()
    browser = await openTestBrowser(server.origin)
    owner = await browser.visitor()
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const linkIn = (text: string, door: string): string =>
    text.match(new RegExp(`http://[^ ]*/${door}#[\\w=.-]+`, 'g'))?.at(-1) ??
    assert.fail(`no link to ${door}`)

  const fill = async ({ page }: Visitor, fields: Record<string, string>): Promise<void> => {
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`input[name=${name}]`).fill(value)
    }
  }

  const shown = (visitor: Visitor, text: string | RegExp): Promise<void> =>
    visitor.page.getByText(text).first().waitFor({ timeout: 15_000 })

  /** Asks the server as the page would. */
  const ask = <T>({ page }: Visitor, path: string, body?: object): Promise<T> =>
    page.evaluate(
      async ([address, text]) => {
        const headers = { 'content-type': 'application/json' }
        const init = text === null ? {} : { method: 'POST', headers, body: text }
        const response = await fetch(`/api/assts/v1${address}`, init)
        return (await response.json()) as T
      },
      [path, body === undefined ? null : JSON.stringify(body)] as const,
    )

  it('let the first owner in by the link in the log, once, with the keyboard alone', async () => {
    const { page } = owner
    await page.goto(linkIn(server.logs, 'setup'))
    await shown(owner, 'Set Melzi up')
    for (const text of ['School', 'Lin', 'lin@example.com', PASSWORD]) {
      await page.keyboard.type(text)
      if (text !== PASSWORD) await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await shown(owner, 'Lin, in the workspace “School”.')
    const again = await browser.visitor()
    await again.page.goto(linkIn(server.logs, 'setup'))
    await fill(again, { name: 'X', email: 'x@example.com', password: PASSWORD })
    await again.page.getByRole('button', { name: 'Start' }).click()
    await shown(again, /This link is wrong, used or over/)
    assert.deepEqual([...owner.faults, ...again.faults], [])
  })

  it('say on the field what is wrong', async () => {
    const visitor = await browser.visitor()
    await ask(owner, '/invitations', { email: 'short@example.com' })
    await visitor.page.goto(linkIn(server.logs, 'invitation'))
    await visitor.page.getByRole('button', { name: 'Join' }).click()
    await shown(visitor, 'Please fill this in.')
    await fill(visitor, { name: 'Short', password: 'short' })
    await visitor.page.getByRole('button', { name: 'Join' }).click()
    await visitor.page.locator('input[name=password][aria-invalid=true]').waitFor()
    assert.notEqual(await visitor.page.locator('#state.bad').textContent(), '')
  })

  it('let in who was invited, in Chinese, and take the password from then on', async () => {
    await ask(owner, '/invitations', { email: 'mei@example.com' })
    const mei = await browser.visitor({ locale: 'zh-TW' })
    await mei.page.goto(linkIn(server.logs, 'invitation'))
    await shown(mei, /Lin 邀請您加入「School」/)
    await fill(mei, { name: '美玲', password: PASSWORD })
    await mei.page.getByRole('button', { name: '加入' }).click()
    await shown(mei, '美玲，工作區「School」。')
    await mei.page.getByRole('button', { name: '登出' }).click()
    await shown(mei, '忘記密碼？')
    await fill(mei, { email: 'mei@example.com', password: 'another password' })
    await mei.page.getByRole('button', { name: '登入' }).click()
    await mei.page.locator('#state.bad').waitFor()
    await fill(mei, { email: 'mei@example.com', password: PASSWORD })
    await mei.page.getByRole('button', { name: '登入' }).click()
    await shown(mei, '已登入')
    assert.deepEqual(mei.faults, [])
  })

  it('give a new password by mail', async () => {
    const mei = await browser.visitor()
    await mei.page.goto('/reset-password')
    await fill(mei, { email: 'mei@example.com' })
    await mei.page.getByRole('button', { name: 'Send the link' }).click()
    await shown(mei, /the link is on its way/)
    for (let tries = 0; !server.logs.includes('/reset-password#') && tries < 100; tries += 1) {
      await mei.page.waitForTimeout(50)
    }
    await mei.page.goto(linkIn(server.logs, 'reset-password'))
    await mei.page.reload()
    await fill(mei, { password: 'a wholly new password' })
    await mei.page.getByRole('button', { name: 'Set a new password' }).click()
    await shown(mei, /Your password is changed/)
    await fill(mei, { email: 'mei@example.com', password: 'a wholly new password' })
    await mei.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await mei.page.waitForURL(`${server.origin}/`)
    assert.deepEqual(mei.faults, [])
  })

  it('open a shared assistant to a guest with the password of the link, and lead nowhere else', async () => {
    const share = await ask<{ link: { url: string } }>(
      owner,
      `/assistants/${server.assistantId}/shares`,
      { type: 'link', guests: true, password: 'open sesame' },
    )
    const guest = await browser.visitor()
    await guest.page.goto(share.link.url)
    await shown(guest, /“Sample assistant” is shared with you/)
    await fill(guest, { link_password: 'wrong word' })
    await guest.page.getByRole('button', { name: 'Open' }).click()
    await guest.page.locator('#state.bad').waitFor()
    await fill(guest, { link_password: 'open sesame' })
    await guest.page.getByRole('button', { name: 'Open' }).click()
    await shown(guest, `Assistant ID: ${server.assistantId}`)
    const list = await ask<{ data: { id: string; instructions: string | null }[] }>(
      guest,
      '/assistants',
    )
    assert.deepEqual(
      list.data.map(({ id, instructions }) => [id, instructions]),
      [[server.assistantId, null]],
    )
    await guest.page.goto(`/sign-in?next=${encodeURIComponent('https://example.com/')}`)
    await shown(guest, 'You are signed in')
    assert.deepEqual(guest.faults, [])
  })

  it('are closed where the link is none', async () => {
    const visitor = await browser.visitor()
    for (const door of ['invitation', 'share', 'setup']) {
      await visitor.page.goto('/')
      await visitor.page.goto(`/${door}${door === 'setup' ? '' : '#guessed'}`)
      await shown(visitor, /This link is wrong, used or over/)
    }
  })
})
