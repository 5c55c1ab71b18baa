import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSmtp } from '../../tests/support/smtp-server.ts'
import { createLog } from './log.ts'
import { createMailer } from './mail.ts'

const log = createLog('silent')
const from = 'Melzi <melzi@example.org>'
const mail = { to: 'ada@example.org', subject: 'Welcome 歡迎', text: 'https://melzi.example/x' }

describe('mails', () => {
  it('go to the mail server, to one recipient, whatever stands in its address', async () => {
    await using server = await startSmtp()
    using mailer = createMailer({ smtpUrl: server.url, from }, log)
    assert.equal(mailer.sends, true)
    await mailer.send(mail)
    const [taken] = server.taken
    assert.deepEqual([taken?.from, taken?.to], ['melzi@example.org', ['ada@example.org']])
    assert.match(taken?.data ?? '', /^From: Melzi <melzi@example\.org>$/m)
    assert.match(taken?.data ?? '', /https:\/\/melzi\.example\/x/)
    const two = { ...mail, to: 'ada@example.org, eve@example.org' }
    await mailer.send(two).catch(() => undefined)
    const inject = { ...mail, subject: 'x\r\nBcc: eve@example.org' }
    await mailer.send(inject)
    for (const { to, data } of server.taken) {
      assert.ok(to.length === 1 && !to.includes('eve@example.org'), String(to))
      assert.doesNotMatch(data, /^Bcc:/m)
    }
  })

  it('that are not taken are an error', async () => {
    await using server = await startSmtp()
    server.state.refuse = 1
    using mailer = createMailer({ smtpUrl: server.url, from }, log)
    await assert.rejects(mailer.send(mail), { status: 503 })
    await mailer.send(mail)
    assert.equal(server.taken.length, 1)
    using nowhere = createMailer({ smtpUrl: 'smtp://127.0.0.1:9', from }, log)
    await assert.rejects(nowhere.send(mail), { status: 503 })
  })

  it('are printed whole where there is no mail server', async () => {
    let printed = ''
    using mailer = createMailer({ smtpUrl: null, from }, log, (text) => (printed += text))
    assert.equal(mailer.sends, false)
    await mailer.send(mail)
    assert.match(printed, /ada@example\.org[\s\S]*Welcome 歡迎[\s\S]*https:\/\/melzi\.example\/x/)
  })
})
