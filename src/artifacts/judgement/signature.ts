// A policy's signature, in a file beside it: a DSSE envelope (v1) over its text, signed twice, with Ed25519 and
// ML-DSA-44. Both must be good: a forger would have to break both.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { type SigningKeys, sha256Hex } from '#crypto'
import { ArtifactError } from '../error.ts'

const payloadType = 'application/vnd.holdfast.scan-policy+yaml'

/** The public halves, by algorithm. */
export interface TrustedKeys {
  readonly ed25519: KeyObject
  readonly mldsa44: KeyObject
}

const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: z.base64(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.base64() })).length(2),
})

/** The text of the envelope. */
export function signPolicy(text: string, keys: SigningKeys): string {
  const message = preAuthenticationEncoding(text)
  const signatures = [keys.ed25519, keys.mldsa44].map((key) => ({
    keyid: keyId(createPublicKey(key)),
    sig: sign(null, message, key).toString('base64'),
  }))
  const payload = Buffer.from(text).toString('base64')
  return `${JSON.stringify({ payloadType, payload, signatures }, null, 2)}\n`
}

/** The public keys of a pair, in PEM, one after the other. */
export function publicKeysOf({ ed25519, mldsa44 }: SigningKeys): string {
  return [ed25519, mldsa44].map((key) => createPublicKey(key).export({ format: 'pem', type: 'spki' })).join('')
}

/** @throws ArtifactError `malformed` unless there is exactly one key of either kind */
export function readTrustedKeys(pem: string): TrustedKeys {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g) ?? []
  const keys = blocks.map((block) => {
    try {
      return createPublicKey(block)
    } catch {
      throw new ArtifactError('malformed', 'a public key in it cannot be read')
    }
  })
  const [ed25519, mldsa44] = ['ed25519', 'ml-dsa-44'].map((type) => keys.find((key) => key.asymmetricKeyType === type))
  if (keys.length !== 2 || ed25519 === undefined || mldsa44 === undefined)
    throw new ArtifactError('malformed', 'it must hold one Ed25519 and one ML-DSA-44 public key in PEM')
  return { ed25519, mldsa44 }
}

/** Why the text is not signed by these keys; undefined when it is. */
export function signatureProblem(text: string, envelope: string, trusted: TrustedKeys): string | undefined {
  const parsed = envelopeSchema.safeParse(parseJson(envelope))
  if (!parsed.success) return 'the signature file is not one'
  if (!Buffer.from(parsed.data.payload, 'base64').equals(Buffer.from(text))) return 'it was changed after it was signed'
  const message = preAuthenticationEncoding(text)
  for (const key of [trusted.ed25519, trusted.mldsa44]) {
    const signature = parsed.data.signatures.find(({ keyid }) => keyid === keyId(key))
    if (signature === undefined) return `it is not signed by the ${key.asymmetricKeyType} key that is trusted`
    if (!verify(null, message, key, Buffer.from(signature.sig, 'base64')))
      return `its ${key.asymmetricKeyType} signature is wrong`
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function keyId(key: KeyObject): string {
  return `sha256:${sha256Hex(key.export({ format: 'der', type: 'spki' }))}`
}

/** DSSE v1: what is signed names the type, so that no signature stands for something else. */
function preAuthenticationEncoding(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ])
}
