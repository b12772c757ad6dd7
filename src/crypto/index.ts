// crypto: the program's own keys, digests, sealing and TLS settings. Everything rests on node:crypto.
export { commitment, equalConstantTime, type Sha256Hex, sha256, sha256Hex } from './digest.ts'
export { CryptoError, type CryptoErrorCode } from './errors.ts'
export { type Keyring, openKeyring, readKeyFile, type SigningKeys, type StoredKey } from './keyring.ts'
export { open, seal } from './seal.ts'
export { tlsServerOptions } from './tls.ts'
