import { createServer, type AddressInfo, type Socket } from 'node:net'

/** What a mail server was told. */
export interface TakenMail {
  from: string
  to: string[]
  /** Headers and body as they came, decoded from base64 and quoted-printable where a line says so. */
  data: string
}

/** A mail server on this machine that takes everything, or refuses as often as it is told to. */
export const startSmtp = async () => {
  const taken: TakenMail[] = []
  const state = { refuse: 0 }
  const sockets = new Set<Socket>()

  const serve = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let mail: TakenMail = { from: '', to: [], data: '' }
    let inData = false
    let rest = ''
    const say = (line: string) => socket.write(`${line}\r\n`)
    const heard = (line: string): void => {
      if (inData) {
        if (line !== '.') {
          mail.data += `${line}\n`
          return
        }
        inData = false
        taken.push(mail)
        mail = { from: '', to: [], data: '' }
        say('250 taken')
        return
      }
      const [verb = ''] = line.toUpperCase().split(/[ :]/)
      const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
      if (verb === 'EHLO' || verb === 'HELO') say('250 test')
      else if (verb === 'MAIL') {
        mail.from = address
        if (state.refuse > 0) {
          state.refuse -= 1
          say('451 come again')
        } else say('250 ok')
      } else if (verb === 'RCPT') {
        mail.to.push(address)
        say('250 ok')
      } else if (verb === 'DATA') {
        inData = true
        say('354 go on')
      } else if (verb === 'QUIT') {
        say('221 bye')
        socket.end()
      } else say('250 ok')
    }
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) heard(line)
    })
    say('220 test ESMTP')
  }

  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    state,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
