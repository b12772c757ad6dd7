// How a session's keys come from the vault's key, and how a value is sealed under them.
import { hkdfSync } from 'node:crypto'
import { CryptoError, open, seal, sha256Hex } from '#crypto'
import { PrivacyError } from './errors.ts'

/** A conversation of a tenant. The caller makes sure that a principal can name only its own. */
export interface SessionName {
  readonly tenant: string
  readonly session: string
}

export interface SessionKeys {
  /** What rows carry instead of the names. */
  readonly id: string
  /** For placeholders. */
  readonly naming: Uint8Array
  seal(token: string, value: string): Uint8Array
  /** @throws PrivacyError `vault_unreadable`: another key, another row's bytes, or changed ones */
  open(token: string, sealed: Uint8Array): string
}

/** HKDF-SHA-256 (RFC 5869): one key to name values, another one to seal them. @param key 32 bytes */
export function deriveSessionKeys(key: Uint8Array, { tenant, session }: SessionName): SessionKeys {
  // As JSON, so that no tenant and session can run together into those of others.
  const name = JSON.stringify([tenant, session])
  const naming = derive(key, `holdfast privacy naming 1 ${name}`)
  const sealing = derive(key, `holdfast privacy sealing 1 ${name}`)
  const bind = (token: string) => JSON.stringify(['holdfast privacy vault 1', tenant, session, token])
  return {
    id: sha256Hex(name),
    naming,
    // JSON again: unlike UTF-8 it keeps a lone surrogate, and with it the promise that what was masked comes back.
    seal: (token, value) => seal(sealing, JSON.stringify(value), bind(token)),
    open(token, sealed) {
      try {
        const value: unknown = JSON.parse(Buffer.from(open(sealing, sealed, bind(token))).toString())
        if (typeof value === 'string') return value
      } catch (error) {
        if (!(error instanceof CryptoError) && !(error instanceof SyntaxError)) throw error
      }
      throw new PrivacyError(
        'vault_unreadable',
        'a value in the vault does not open: the vault key is not the one it was sealed with, or the row was changed',
      )
    },
  }
}

function derive(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), purpose, 32))
}
