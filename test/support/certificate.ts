// A certificate of our own, where openssl is installed.
import { spawnSync } from 'node:child_process'

export function selfSigned(): { certificatePem: string; keyPem: string } | undefined {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', '-', '-out', '-'],
  ])
  if (made.status !== 0) return undefined
  const pem = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----.*-----END ${name}-----\n`, 's').exec(`${made.stdout}`)?.[0] ?? ''
  return { certificatePem: pem('CERTIFICATE'), keyPem: pem('PRIVATE KEY') }
}
