import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Who signs in at the provider, and how it misbehaves. */
export interface Script {
  sub: string
  email: string
  email_verified: boolean | undefined
  name: string
  /** Changes the claims of the ID token. */
  claims: (claims: Record<string, unknown>) => Record<string, unknown>
  /** Signs with a key that is not the published one. */
  foreignKey: boolean
  /** Answers nothing any more. */
  silent: boolean
}

const CLIENT = { clientId: 'melzi-test', clientSecret: 'secret of the client' }
const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const form = async (request: IncomingMessage): Promise<URLSearchParams> =>
  new URLSearchParams(await text(request))

/** A small OpenID provider on this machine: discovery, authorization code with PKCE, signed ID tokens. */
export const startProvider = async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const script: Script = {
    sub: 'subject-1',
    email: 'ada@example.org',
    email_verified: true,
    name: 'Ada Lovelace',
    claims: (claims) => claims,
    foreignKey: false,
    silent: false,
  }
  const codes = new Map<string, URLSearchParams>()
  const seen: string[] = []
  let issuer = ''

  const idToken = (nonce: string | null): string => {
    const now = Math.floor(Date.now() / 1000)
    const claims = script.claims({
      iss: issuer,
      aud: CLIENT.clientId,
      sub: script.sub,
      email: script.email,
      ...(script.email_verified === undefined ? {} : { email_verified: script.email_verified }),
      name: script.name,
      iat: now,
      exp: now + 300,
      ...(nonce === null ? {} : { nonce }),
    })
    const body = `${b64({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${b64(claims)}`
    const { privateKey } = script.foreignKey ? foreign : keys
    return `${body}.${sign('sha256', Buffer.from(body), privateKey).toString('base64url')}`
  }

  const token = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const sent = await form(request)
    const asked = codes.get(sent.get('code') ?? '')
    codes.delete(sent.get('code') ?? '')
    const verifier = sent.get('code_verifier') ?? ''
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const basic = Buffer.from(`${CLIENT.clientId}:${CLIENT.clientSecret}`).toString('base64')
    const proven =
      sent.get('client_secret') === CLIENT.clientSecret ||
      request.headers.authorization === `Basic ${basic}`
    if (
      asked === undefined ||
      !proven ||
      asked.get('code_challenge') !== challenge ||
      asked.get('redirect_uri') !== sent.get('redirect_uri')
    ) {
      return [400, { error: 'invalid_grant' }]
    }
    const id_token = idToken(asked.get('nonce'))
    return [200, { access_token: 'access', token_type: 'Bearer', expires_in: 300, id_token }]
  }

  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { pathname } = new URL(request.url ?? '/', issuer)
    seen.push(pathname)
    if (pathname === '/.well-known/openid-configuration') {
      return [
        200,
        {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          id_token_signing_alg_values_supported: ['RS256'],
        },
      ]
    }
    if (pathname === '/keys') {
      const jwk = createPublicKey(keys.privateKey).export({ format: 'jwk' })
      return [200, { keys: [{ ...jwk, kid: 'k1', alg: 'RS256', use: 'sig' }] }]
    }
    return pathname === '/token' ? token(request) : [404, {}]
  }

  const server = createServer((request, response) => {
    if (script.silent) {
      request.socket.destroy()
      return
    }
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    oidc: { issuer, ...CLIENT, name: 'School account' },
    script,
    /** Paths that were asked for. */
    seen,
    /** What its page would do after somebody signed in: the callback's path and query. @param url where the browser was sent */
    consent: (url: string): string => {
      const { searchParams } = new URL(url)
      const code = randomBytes(16).toString('hex')
      codes.set(code, searchParams)
      const back = new URL(searchParams.get('redirect_uri') ?? '')
      back.searchParams.set('code', code)
      back.searchParams.set('state', searchParams.get('state') ?? '')
      return back.pathname + back.search
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Provider = Awaited<ReturnType<typeof startProvider>>
