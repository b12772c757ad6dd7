// An issuer of tokens for tests: real keys, real JWTs, and a JWK Set that a real server publishes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface TestIssuer {
  /** Its name, and where its keys are. */
  readonly name: string
  readonly keysUrl: string
  /** How often its keys were fetched. */
  readonly fetches: () => number
  /** What is published as the JWK Set, as it is now. */
  document(): string
  /** A new key takes the place of the old one. */
  rotate(): Promise<void>
  /** Whether anybody answers where the keys are. */
  reachable: boolean
  /** A good token, but for what is changed; a claim that is undefined is left out. */
  token(changes?: Record<string, unknown>, header?: object): Promise<string>
  close(): Promise<void>
}

export async function startIssuer(): Promise<TestIssuer> {
  let count = 0
  let fetches = 0
  let key = await makeKey(`key-${count}`)
  const server = createServer((_, response) => {
    fetches++
    if (issuer.reachable) response.setHeader('content-type', 'application/json').end(issuer.document())
    else response.writeHead(503).end('<h1>Down for maintenance</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const name = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: TestIssuer = {
    name,
    keysUrl: `${name}/keys`,
    fetches: () => fetches,
    document: () => JSON.stringify({ keys: [key.jwk] }),
    async rotate() {
      key = await makeKey(`key-${++count}`)
    },
    reachable: true,
    token(changes = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: name, aud: 'holdfast', sub: 'alice', scope: 'chat', iat: now, exp: now + 600, ...changes }
      return new SignJWT(JSON.parse(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.jwk.kid ?? '', ...header })
        .sign(key.privateKey)
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
  return issuer
}

async function makeKey(kid: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}
