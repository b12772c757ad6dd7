// A postgres:// URL as what the driver needs. TLS with full verification is the rule (libpq's sslmode=verify-full);
// plain text goes no further than this machine. Neither the environment nor ~/.pgpass has a say in it.

import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import { StoreError } from '../error.ts'

/** A text that does not show itself. */
export interface Hidden {
  reveal(): string
}

export interface TlsFiles {
  /** PEM certificates to trust instead of the public ones. */
  readonly ca?: Hidden | undefined
  /** PEM chain and key that show the server who we are. */
  readonly certificate?: Hidden | undefined
  readonly key?: Hidden | undefined
}

export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password: () => string
  readonly ssl: ConnectionOptions | false
  /** Without user and password, for messages. */
  readonly shown: string
}

const parameters = ['host', 'sslmode']

/** @throws StoreError `argument`; the message never holds a part of the URL that may be secret */
export function parseAddress(hidden: Hidden, tls: TlsFiles = {}): Address {
  const text = hidden.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new StoreError('argument', 'the URL of the store must be like postgres://USER:PASSWORD@HOST:5432/DATABASE')
  }
  const unknown = [...url.searchParams.keys()].find((name) => !parameters.includes(name))
  if (unknown !== undefined) {
    throw new StoreError('argument', `the URL of the store may have ?${parameters.join(' and ')}, and nothing else`)
  }
  const host = url.searchParams.get('host') ?? decode(url.hostname).replace(/^\[|\]$/g, '')
  const user = decode(url.username)
  const database = decode(url.pathname.slice(1))
  if (host === '' || user === '' || database === '') {
    throw new StoreError('argument', 'the URL of the store must name a host, a user and a database')
  }
  const port = url.port === '' ? 5432 : Number(url.port)
  return {
    host,
    port,
    user,
    database,
    password: () => decode(new URL(hidden.reveal()).password),
    ssl: tlsOptions(host, url.searchParams.get('sslmode'), tls),
    shown: `postgres://${host.startsWith('/') ? '' : host}:${port}/${database}`,
  }
}

function tlsOptions(host: string, asked: string | null, tls: TlsFiles): ConnectionOptions | false {
  const isLocal = host.startsWith('/') || isLoopback(host)
  const mode = asked ?? (isLocal ? 'disable' : 'verify-full')
  if (mode === 'disable' && isLocal) return false
  if (mode !== 'verify-full' && mode !== 'verify-ca') {
    throw new StoreError(
      'argument',
      `sslmode=${/^[a-z-]{1,20}$/.test(mode) ? mode : '…'} would let others read or change what the store holds: ` +
        'take verify-full (the default), or verify-ca where the certificate has another name',
    )
  }
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    // The driver gives the name of the host to TLS only when it is no address.
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(tls.ca === undefined ? {} : { ca: tls.ca.reveal() }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate.reveal() }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new StoreError('argument', 'the URL of the store has a % that is no escape; write %25 for a literal one')
  }
}
