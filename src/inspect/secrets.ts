/** The secrets detector: tokens with a vendor's prefix, JWTs, private keys, passwords in URLs, and assigned secrets. */
import type { Detector, Findings, Window } from './detector.ts'
import { findInViews } from './in-views.ts'
import { collector } from './scan.ts'
import { findAssigned } from './secrets/assigned.ts'
import { findJwts } from './secrets/jwt.ts'
import { findPrivateKeys } from './secrets/pem.ts'
import { findTokens } from './secrets/tokens.ts'
import { findUrlPasswords } from './secrets/url-password.ts'

/** Room for the largest private keys in use (an RSA-16384 key is about 13,000 characters in PEM). */
const MAX_SECRET = 16_384

/** Kinds: those of secrets/token-formats.ts, 'jwt', 'private_key', 'url_password', 'aws_secret_key', 'azure_storage_key', 'assigned_secret'. */
export function secrets(): Detector {
  return {
    id: 'secrets',
    version: '1',
    category: 'secret',
    detect: (text) => findInViews(text, scan, (view) => view !== 'leet'),
    stream: { maxLength: MAX_SECRET, scan },
  }
}

function scan(window: Window): Findings {
  const found = collector(window)
  findTokens(window, found)
  findJwts(window, found)
  findPrivateKeys(window, found)
  findUrlPasswords(window, found)
  findAssigned(window, found)
  return found
}
