// The text of a key file. The purpose and a checksum are inside, so that a file that was cut, renamed or put in the
// place of another is refused instead of silently becoming a different key.
//
//   holdfast-key 1
//   purpose audit
//   kind signing
//   seed <32 bytes in base64>      one line a seed; signing keys: Ed25519, then ML-DSA-44 (FIPS 204 xi)
//   seed <32 bytes in base64>
//   check <first 16 hexadecimal digits of SHA-256 over the lines above>
import { sha256Hex } from './digest.ts'
import { CryptoError } from './errors.ts'

export type KeyKind = 'signing' | 'symmetric'

const header = 'holdfast-key 1'
const seedBytes = 32

export function encodeKeyFile(key: { purpose: string; kind: KeyKind; seeds: readonly Uint8Array[] }): string {
  const seeds = key.seeds.map((seed) => `seed ${Buffer.from(seed).toString('base64')}\n`).join('')
  const body = `${header}\npurpose ${key.purpose}\nkind ${key.kind}\n${seeds}`
  return `${body}check ${sha256Hex(body).slice(0, 16)}\n`
}

/**
 * The seeds in a key file, in order.
 *
 * @param expected  what the caller asks for; `path` is only for the message
 * @throws CryptoError `key_file`; the message never holds anything of the content but the purpose and the kind
 */
export function decodeKeyFile(
  text: string,
  expected: { path: string; purpose: string; kind: KeyKind; count: number },
): Uint8Array[] {
  const refuse = (why: string) => new CryptoError('key_file', `${expected.path} is not usable: ${why}`)
  if (!text.startsWith(`${header}\n`)) throw refuse('it is not a Holdfast key file of version 1')

  const checkAt = text.lastIndexOf('check ')
  const body = text.slice(0, Math.max(checkAt, 0))
  if (text.slice(body.length) !== `check ${sha256Hex(body).slice(0, 16)}\n`) {
    throw refuse('it was cut or changed; restore it from a backup')
  }

  const [, purpose, kind, ...seedLines] = body.trimEnd().split('\n')
  if (purpose !== `purpose ${expected.purpose}`) throw refuse(`it is for "${purpose}", not "${expected.purpose}"`)
  if (kind !== `kind ${expected.kind}`) throw refuse(`it is of "${kind}", not "${expected.kind}"`)
  const seeds = seedLines.map((line) => Buffer.from(line.slice('seed '.length), 'base64'))
  if (seeds.length !== expected.count || seeds.some((seed) => seed.length !== seedBytes)) {
    throw refuse(`it must hold ${expected.count} seed(s) of ${seedBytes} bytes`)
  }
  return seeds
}
