// AWS Signature Version 4 for a GET to S3, as the S3 API reference describes it ("Authenticating Requests"): the
// canonical request, the string to sign, the derived key.
import { createHash, createHmac } from 'node:crypto'
import type { Secret } from '#config'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken?: Secret
}

const emptyDigest = createHash('sha256').digest('hex')

/**
 * The headers to send, `authorization` among them.
 *
 * @param headers  others that are signed too; names in lower case
 * @param time  ms since the epoch
 */
export function signedHeaders(
  url: URL,
  headers: Readonly<Record<string, string>>,
  region: string,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  time: number,
): Record<string, string> {
  const dateTime = new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const date = dateTime.slice(0, 8)
  const sent: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': emptyDigest,
    'x-amz-date': dateTime,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken.reveal() }),
  }
  const signed: Record<string, string> = { ...sent, host: url.host }
  const names = Object.keys(signed).sort()
  const canonicalRequest = [
    'GET',
    url.pathname,
    canonicalQuery(url),
    ...names.map((name) => `${name}:${(signed[name] ?? '').trim()}`),
    '',
    names.join(';'),
    emptyDigest,
  ].join('\n')
  const scope = `${date}/${region}/s3/aws4_request`
  const digest = createHash('sha256').update(canonicalRequest).digest('hex')
  const toSign = ['AWS4-HMAC-SHA256', dateTime, scope, digest].join('\n')
  const key = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey.reveal()}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...sent, authorization }
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`)
    .sort()
    .join('&')
}

/** RFC 3986's unreserved characters stay; encodeURIComponent leaves a few more. */
export function uriEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}
