// s3://bucket/key, or all below s3://bucket/prefix/: with the credentials of the environment, or anonymously.
import { ArtifactError } from '../error.ts'
import type { Target } from '../scanner/scan-files.ts'
import { ask, type RemotePlace, refusal } from './http.ts'
import { remoteContent } from './ranges.ts'
import { type AwsCredentials, signedHeaders, uriEncoded } from './sigv4.ts'
import type { RemoteWorld } from './world.ts'

export interface S3Settings {
  readonly region: string
  /** Of a compatible server; Amazon's when left out. */
  readonly endpoint?: URL
  /** Anonymous when left out. */
  readonly credentials?: AwsCredentials
}

const maxListBytes = 8 * 1024 ** 2
const mostObjects = 100_000

/** @throws ArtifactError `unreadable`, `over_limit` */
export async function s3Targets(address: string, settings: S3Settings, world: RemoteWorld): Promise<readonly Target[]> {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(address) ?? []
  if (bucket === undefined)
    throw new ArtifactError(
      'malformed',
      `'${address}' is no address in S3: write s3://bucket/key or s3://bucket/prefix/`,
    )
  const target = (name: string, size?: number): Target => ({
    path: `s3://${bucket}/${name}`,
    ...(size === undefined ? {} : { size }),
    open: () => remoteContent(placeOf(objectUrl(bucket, name, settings), settings, world), world.get, world.limits),
  })
  if (key !== '' && !key.endsWith('/')) return [target(key)]
  const objects = await list(bucket, key, settings, world)
  return objects.filter(({ name }) => !name.endsWith('/')).map(({ name, size }) => target(name, size))
}

function placeOf(url: URL, { region, credentials }: S3Settings, { now }: RemoteWorld): RemotePlace {
  return {
    url,
    // Signed for exactly one address.
    headersFor: (at, range) =>
      credentials === undefined || at.origin !== url.origin
        ? {}
        : signedHeaders(at, range === undefined ? {} : { range }, region, credentials, now()),
    mayLeadTo: () => false,
  }
}

function objectUrl(bucket: string, key: string, { region, endpoint }: S3Settings): URL {
  const path = key.split('/').map(uriEncoded).join('/')
  // A part that is `.` or `..` would be taken out of the address, and so mean another object.
  if (key.split('/').some((part) => part === '.' || part === '..'))
    throw new ArtifactError('unreadable', 'its key cannot stand in an address')
  // The certificate of Amazon's covers no bucket with a dot in its name.
  if (endpoint !== undefined || bucket.includes('.'))
    return new URL(`${endpoint?.origin ?? `https://s3.${region}.amazonaws.com`}/${bucket}/${path}`)
  return new URL(`https://${bucket}.s3.${region}.amazonaws.com/${path}`)
}

async function list(
  bucket: string,
  prefix: string,
  settings: S3Settings,
  world: RemoteWorld,
): Promise<readonly { readonly name: string; readonly size: number }[]> {
  const found: { name: string; size: number }[] = []
  for (let token: string | undefined = ''; token !== undefined; ) {
    const url = objectUrl(bucket, '', settings)
    url.search = [
      ...(token === '' ? [] : [`continuation-token=${uriEncoded(token)}`]),
      'encoding-type=url',
      'list-type=2',
      `prefix=${uriEncoded(prefix)}`,
    ].join('&')
    const answer = await ask(world.get, placeOf(url, settings, world), { maxBytes: maxListBytes })
    if (answer.status !== 200) throw listRefusal(answer.status, answer.headers['x-amz-bucket-region'])
    const page = answer.body.toString('utf8')
    found.push(...objectsIn(page))
    if (found.length > mostObjects)
      throw new ArtifactError('over_limit', `limit reached: more than ${mostObjects} objects`)
    const next: string | undefined = /<NextContinuationToken>([^<]{1,4096})<\/NextContinuationToken>/.exec(page)?.[1]
    token = /<IsTruncated>true<\/IsTruncated>/.test(page) ? next?.replaceAll('&amp;', '&') : undefined
  }
  return found
}

function listRefusal(status: number, region: string | undefined): ArtifactError {
  if (region === undefined || !/^[a-z0-9-]{1,32}$/.test(region)) return refusal(status)
  return new ArtifactError('unreadable', `the server answered ${status}: the bucket is in ${region}; set AWS_REGION`)
}

/** The answer is a flat list whose texts are URL-encoded, as was asked for: no XML parser is needed to read it. */
function objectsIn(page: string): { name: string; size: number }[] {
  return Array.from(page.matchAll(/<Contents>(.*?)<\/Contents>/gs), ([, entry = '']) => {
    const [, key = ''] = /<Key>([^<]*)<\/Key>/.exec(entry) ?? []
    const [, size = '0'] = /<Size>(\d{1,16})<\/Size>/.exec(entry) ?? []
    return { name: decoded(key), size: Number(size) }
  })
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw new ArtifactError('unreadable', 'the list of objects has a key that is not encoded as asked')
  }
}
