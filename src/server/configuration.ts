// Reading a configuration: holdfast.yaml, what it refers to, and the policies. Whole and valid, or not at all.
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { loadConfig } from '#config'
import { sha256Hex, tlsServerOptions } from '#crypto'
import type { PolicySet } from '#policy'
import { ServerError } from './error.ts'
import { checkIssuers } from './issuers.ts'
import { readPolicies } from './policies.ts'
import { type ConfigurationReader, diskReader } from './recording.ts'
import { type Settings, settingsSchema } from './settings.ts'

export interface ReadSettings {
  readonly settings: Settings
  readonly policies: PolicySet
  /** Absolute. */
  readonly data: string
}

/**
 * Reads holdfast.yaml, the certificate and the policies it names.
 *
 * @throws ConfigError, PolicyError with file, line and column; ServerError `certificate`, `key_set`, `token_schema`
 */
export async function readSettings(file: string, reader: ConfigurationReader = diskReader): Promise<ReadSettings> {
  const settings = loadSettings(file, reader)
  const folder = dirname(file)
  const policies = await readPolicies(resolve(folder, settings.policy.folder), reader)
  await checkIssuers(file, settings.identity, policies)
  return { settings, policies, data: resolve(folder, settings.data) }
}

/** As `readSettings`, without the policies. @throws ConfigError; ServerError `certificate` */
export function loadSettings(file: string, reader: ConfigurationReader): Settings {
  const settings = loadConfig(file, settingsSchema, reader)
  requireCertificate(file, 'listen', settings.listen)
  if (settings.api !== undefined) requireCertificate(file, 'api.listen', settings.api.listen)
  return settings
}

/** What identifies settings in the log. Secrets print as nothing but that they are secrets, so none can be guessed from it. */
export function digestOf(settings: Settings): string {
  return sha256Hex(JSON.stringify(settings))
}

/** What a TLS listener is opened with, or later renewed with. */
export function tlsOptions({ tls }: Pick<Settings['listen'], 'tls'>) {
  return tls && tlsServerOptions({ certificatePem: tls.certificate.reveal(), keyPem: tls.key.reveal() })
}

function requireCertificate(file: string, place: string, listen: Pick<Settings['listen'], 'tls'>): void {
  try {
    createSecureContext(tlsOptions(listen))
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('::').at(-1) : error
    throw new ServerError('certificate', `${file}: ${place}.tls: the certificate and its key cannot be used: ${reason}`)
  }
}
