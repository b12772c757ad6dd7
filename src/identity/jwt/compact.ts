// A token as it arrives: JWS compact serialisation (RFC 7515 section 7.1) with a header that can do nothing but name an
// algorithm, a key and a type. Nothing here is believed yet; the signature is checked in verify.ts.
import { TokenRefused } from './refusal.ts'
import { asObject, readStrictJson } from './strict-json.ts'

export interface CompactToken {
  readonly text: string
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
  /** Without a prototype, so that every member is the token's own. */
  readonly claims: Readonly<Record<string, unknown>>
}

const maxChars = 8192
const maxKidChars = 256

/** Thumbprints of certificates, which Entra ID always sends. They bring no key along, and nothing looks at them. */
const ignoredParameters: ReadonlySet<string> = new Set(['x5t', 'x5t#S256'])

/** @throws TokenRefused `token_too_large`, `token_malformed`, `token_header` */
export function readCompact(text: string): CompactToken {
  if (text.length > maxChars)
    throw new TokenRefused('token_too_large', `it has ${text.length} characters; ${maxChars} is the most`)
  const [header, payload, signature, ...more] = text.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    throw new TokenRefused('token_malformed', 'it is not three parts with dots between them (RFC 7515 section 7.1)')
  decode(signature, 'signature')
  const { alg, kid, typ } = readHeader(readPart(header, 'header'))
  return { text, alg, kid, typ, claims: readPart(payload, 'payload') }
}

function readHeader(header: Readonly<Record<string, unknown>>): Pick<CompactToken, 'alg' | 'kid' | 'typ'> {
  const { alg, kid, typ, ...rest } = header
  // What brings its own key (jku, x5u, jwk, x5c), changes what is signed (b64, zip) or must be understood (crit).
  const strange = Object.keys(rest).find((name) => !ignoredParameters.has(name))
  if (strange !== undefined)
    throw new TokenRefused('token_header', `its header has ${quoted(strange)}; only alg, kid and typ are taken`)
  if (typeof alg !== 'string') throw new TokenRefused('token_malformed', 'its header has no alg')
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maxKidChars))
    throw new TokenRefused('token_malformed', `kid in its header is not a text of 1 to ${maxKidChars} characters`)
  if (typ !== undefined && typeof typ !== 'string')
    throw new TokenRefused('token_malformed', 'typ in its header is not a text')
  return { alg, kid, typ }
}

function readPart(part: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = decode(part, name)
  try {
    return asObject(readStrictJson(bytes))
  } catch {
    throw new TokenRefused('token_malformed', `its ${name} is not a JSON object with each key once`)
  }
}

/** Only the one way to write those bytes: no padding, no space, no bits left over in the last character. */
function decode(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (part === '' || bytes.toString('base64url') !== part)
    throw new TokenRefused('token_malformed', `its ${name} is not base64url as RFC 7515 section 2 wants it`)
  return bytes
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 40))
}
