/**
 * Test kit: one made-up value of every kind. They are put together at run time, so that nothing in this repository
 * looks like a credential to a secret scanner.
 */

export interface Sample {
  readonly kind: string
  readonly text: string
}

/** Letters and digits without meaning, the same for the same length. */
export function alphanumerics(length: number, alphabet = 'aZ3kQ7mB9xT2vW5cR8nL4pH6jD1fYgSeUi0XoEwK'): string {
  let text = ''
  for (let index = 0, state = length * 2654435761; index < length; index++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + index) >>> 0
    text += alphabet[state % alphabet.length]
  }
  return text
}

const upper = (length: number) => alphanumerics(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')
const hex = (length: number) => alphanumerics(length, '0123456789abcdef')
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const pem = (label: string) =>
  `-----BEGIN ${label}-----\n${[64, 64, 64, 36].map((width) => alphanumerics(width)).join('\n')}=\n-----END ${label}-----`

export const samples: readonly Sample[] = [
  { kind: 'email', text: 'jane.doe+news@mail.example.co.uk' },
  { kind: 'card', text: '4111 1111 1111 1111' },
  { kind: 'card', text: '378282246310005' },
  { kind: 'iban', text: 'DE89 3704 0044 0532 0130 00' },
  { kind: 'us_ssn', text: '123-45-6789' },
  { kind: 'phone', text: '+44 20 7946 0958' },
  { kind: 'phone', text: '(212) 555-0100 x12' },
  { kind: 'aws_access_key', text: `AKIA${upper(16)}` },
  { kind: 'aws_secret_key', text: `aws_secret_access_key = ${alphanumerics(40)}` },
  { kind: 'azure_storage_key', text: `AccountKey=${alphanumerics(86)}==` },
  { kind: 'github_token', text: `${'ghp'}_${alphanumerics(36)}` },
  { kind: 'github_token', text: `${'github'}_pat_${alphanumerics(82)}` },
  { kind: 'gitlab_token', text: `${'glpat'}-${alphanumerics(20)}` },
  { kind: 'slack_token', text: `${'xoxb'}-${alphanumerics(12, '0123456789')}-${alphanumerics(24)}` },
  { kind: 'stripe_key', text: `${'sk'}_live_${alphanumerics(24)}` },
  { kind: 'openai_key', text: `${'sk'}-proj-${alphanumerics(48)}` },
  { kind: 'anthropic_key', text: `${'sk'}-ant-api03-${alphanumerics(93)}` },
  { kind: 'google_api_key', text: `AIza${alphanumerics(35)}` },
  { kind: 'npm_token', text: `${'npm'}_${alphanumerics(36)}` },
  { kind: 'pypi_token', text: `${'pypi'}-AgEIcHlwaS5vcmc${alphanumerics(80)}` },
  { kind: 'huggingface_token', text: `${'hf'}_${alphanumerics(34)}` },
  { kind: 'sendgrid_key', text: `SG.${alphanumerics(22)}.${alphanumerics(43)}` },
  { kind: 'holdfast_key', text: `${'hold'}_${alphanumerics(48)}` },
  { kind: 'databricks_token', text: `${'dapi'}${hex(32)}` },
  {
    kind: 'jwt',
    text: `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"42"}')}.${alphanumerics(43)}`,
  },
  { kind: 'private_key', text: pem('RSA PRIVATE KEY') },
  { kind: 'private_key', text: pem('PRIVATE KEY').replaceAll('\n', '\\n') },
  { kind: 'url_password', text: 'postgres://app:s3cr3t-Pa55@db.internal:5432/app' },
  { kind: 'assigned_secret', text: 'DB_PASSWORD="tr0ub4dor&3"' },
  { kind: 'assigned_secret', text: `Authorization: Bearer ${alphanumerics(40)}` },
  { kind: 'canary', text: 'ZEBRA-canary-42' },
]
