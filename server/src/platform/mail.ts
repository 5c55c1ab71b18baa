import type { Transporter } from 'nodemailer'
import { AppError } from './errors.ts'
import type { Logger } from './log.ts'

export interface Mail {
  to: string
  subject: string
  text: string
}

export interface Mailer extends Disposable {
  /** Whether mails leave; otherwise they are printed. */
  readonly sends: boolean
  /**
   * Resolves when the mail server has taken the mail, or the log has it where there is no mail server.
   * @throws AppError 503 when it was not taken
   */
  send(mail: Mail): Promise<void>
}

export interface MailConfig {
  /** Such as `smtps://user:password@mail.example.org`; null: mails are printed to the log. */
  readonly smtpUrl: string | null
  /** Who mails are from. */
  readonly from: string
}

const CONNECT_MS = 10_000
const ANSWER_MS = 30_000

/**
 * Sends mails by SMTP. Without a mail server the whole mail is printed, whatever the level of the log, so that its links can be used.
 * @param print where to; the standard output when left out
 */
export const createMailer = (
  config: MailConfig,
  log: Logger,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Mailer => {
  if (config.smtpUrl === null) {
    return {
      sends: false,
      send: async ({ to, subject, text }) =>
        print(
          `\nMail to ${to} (not sent, for MELZI_SMTP_URL is not set)\n${subject}\n\n${text}\n\n`,
        ),
      [Symbol.dispose]: () => undefined,
    }
  }
  const { smtpUrl } = config
  let transport: Transporter | undefined
  // loaded when the first mail is sent
  const open = async (): Promise<Transporter> => {
    const { createTransport } = await import('nodemailer')
    transport ??= createTransport({
      url: smtpUrl,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: ANSWER_MS,
      // a mail is made of texts given here, never of files or addresses to fetch
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    return transport
  }
  return {
    sends: true,
    send: async ({ to, subject, text }) => {
      try {
        // as an object: a list in the text of an address stays one recipient
        const { from } = config
        await (await open()).sendMail({ from, to: { name: '', address: to }, subject, text })
      } catch (cause) {
        log.error({ err: cause }, 'could not send a mail')
        throw new AppError({
          status: 503,
          type: 'server_error',
          message: 'The mail could not be sent. Please try again later, or tell the operator.',
          cause,
        })
      }
    },
    [Symbol.dispose]: () => transport?.close(),
  }
}
