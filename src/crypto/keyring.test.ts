import { deepEqual, equal, notDeepEqual, throws } from 'node:assert/strict'
import { createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CryptoError } from './errors.ts'
import { openKeyring } from './keyring.ts'

test('a key is made on first use and is the same ever after', (t) => {
  const dir = keyFolder(t)
  const first = openKeyring(dir, { randomBytes })
  const secret = first.symmetric('vault')
  const { ed25519, mldsa44 } = first.signing('audit')
  const later = openKeyring(dir, { randomBytes })
  deepEqual(later.symmetric('vault'), secret)
  equal(later.signing('audit').ed25519.equals(ed25519), true)
  equal(later.signing('audit').mldsa44.equals(mldsa44), true)
  equal(secret.length, 32)
})

test('the signing keys are Ed25519 and ML-DSA-44, and differ between purposes', (t) => {
  const keyring = openKeyring(keyFolder(t), { randomBytes })
  const { ed25519, mldsa44 } = keyring.signing('audit')
  deepEqual([ed25519.asymmetricKeyType, mldsa44.asymmetricKeyType], ['ed25519', 'ml-dsa-44'])
  for (const key of [ed25519, mldsa44]) {
    equal(verify(null, Buffer.from('m'), createPublicKey(key), sign(null, Buffer.from('m'), key)), true)
  }
  equal(keyring.signing('releases').ed25519.equals(ed25519), false)
  notDeepEqual(keyring.symmetric('vault'), keyring.symmetric('addresses'))
})

test('key files can be read by their owner only, and no draft stays behind', {
  skip: process.platform === 'win32',
}, (t) => {
  const dir = keyFolder(t)
  openKeyring(dir, { randomBytes }).symmetric('vault')
  equal(statSync(dir).mode & 0o777, 0o700)
  deepEqual(readdirSync(dir), ['vault.key'])
  equal(statSync(join(dir, 'vault.key')).mode & 0o777, 0o600)
})

test('a key file or folder that others can read is refused', { skip: process.platform === 'win32' }, (t) => {
  const dir = keyFolder(t)
  const keyring = openKeyring(dir, { randomBytes })
  keyring.symmetric('vault')
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(join(dir, 'vault.key'), mode)
    throws(() => keyring.symmetric('vault'), unusable(/can be used by others/))
  }
  chmodSync(dir, 0o755)
  throws(() => openKeyring(dir, { randomBytes }), unusable(/can be used by others/))
})

test('a truncated, changed or empty key file is refused at every length, never replaced', (t) => {
  const dir = keyFolder(t)
  const keyring = openKeyring(dir, { randomBytes })
  keyring.signing('audit')
  const path = join(dir, 'audit.key')
  const text = readFileSync(path, 'utf8')
  for (let length = 0; length < text.length; length++) {
    writeFileSync(path, text.slice(0, length))
    throws(() => keyring.signing('audit'), unusable(/not usable/), `cut at ${length}`)
  }
  writeFileSync(
    path,
    text.replace(/seed (.)/, (_, first) => `seed ${first === 'A' ? 'B' : 'A'}`),
  )
  throws(() => keyring.signing('audit'), unusable(/cut or changed/))
})

test('a foreign file, a key of another purpose or kind, and a symbolic link are refused', (t) => {
  const dir = keyFolder(t)
  const keyring = openKeyring(dir, { randomBytes })
  keyring.symmetric('vault')
  const vault = readFileSync(join(dir, 'vault.key'))
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(dir, name), content, { mode: 0o600 })
  put('pem.key', '-----BEGIN PRIVATE KEY-----\n')
  throws(() => keyring.symmetric('pem'), unusable(/not a Holdfast key file/))
  put('other.key', vault)
  throws(() => keyring.symmetric('other'), unusable(/for "purpose vault", not "other"/))
  throws(() => keyring.signing('vault'), unusable(/kind symmetric/))
  symlinkSync(join(dir, 'vault.key'), join(dir, 'linked.key'))
  throws(() => keyring.symmetric('linked'), unusable(/cannot read/))
})

test('an error never holds key material', (t) => {
  const dir = keyFolder(t)
  const keyring = openKeyring(dir, { randomBytes })
  const secret = Buffer.from(keyring.symmetric('vault')).toString('base64')
  throws(
    () => keyring.signing('vault'),
    (error: unknown) => error instanceof Error && !`${error.stack}`.includes(secret),
  )
})

test('a purpose cannot reach outside the folder', (t) => {
  const keyring = openKeyring(keyFolder(t), { randomBytes })
  for (const purpose of ['../x', 'a/b', '', 'A', '.', 'x'.repeat(65)]) {
    throws(
      () => keyring.symmetric(purpose),
      (error: unknown) => error instanceof CryptoError && error.code === 'argument',
    )
  }
})

test('when another process made the key first, its key is used', (t) => {
  const dir = keyFolder(t)
  const winner = new Uint8Array(32).fill(1)
  const slow = openKeyring(dir, {
    randomBytes: (n) => {
      openKeyring(dir, { randomBytes: () => winner }).symmetric('vault')
      return randomBytes(n)
    },
  })
  deepEqual(Buffer.from(slow.symmetric('vault')), Buffer.from(winner))
})

function keyFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-keys-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return join(root, 'keys')
}

function unusable(message: RegExp) {
  return (error: unknown) => error instanceof CryptoError && error.code === 'key_file' && message.test(error.message)
}
