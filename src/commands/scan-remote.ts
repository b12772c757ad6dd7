// What holdfast scan needs of the environment to read files that are elsewhere.
import { remoteTargets, type Target } from '#artifacts'
import { Secret } from '#config'
import { artifactFetcher } from '#server'
import { type CommandIo, UsageError } from './io.ts'
import { sizeOf } from './scan-options.ts'

interface Values {
  readonly 'allow-private': boolean
  readonly 'allow-host'?: readonly string[] | undefined
  readonly 'max-download': string
}

export interface Remote {
  /** @throws UsageError; ArtifactError when a list of files cannot be got */
  find(address: string): Promise<readonly Target[]>
  close(): Promise<void>
}

/** @throws UsageError */
export function openRemote(values: Values, io: CommandIo): Remote {
  const allowPrivate = values['allow-private']
  const downloadBytes = sizeOf('--max-download', values['max-download'])
  const settings = {
    hub: { endpoint: endpointOf('HF_ENDPOINT', io) ?? new URL('https://huggingface.co'), ...tokenOf(io) },
    s3: s3Settings(io),
    allowedHosts: values['allow-host'] ?? [],
    allowHttp: allowPrivate,
  }
  const { get, close } = artifactFetcher({ allowPrivate, now: io.now })
  const world = { get, limits: { downloadBytes }, now: io.now }
  return { find: (address) => remoteTargets(address, settings, world), close }
}

function tokenOf(io: CommandIo): { token?: Secret } {
  const token = textOf('HF_TOKEN', io)
  return token === undefined ? {} : { token: new Secret(token) }
}

function s3Settings(io: CommandIo) {
  const endpoint = endpointOf('AWS_ENDPOINT_URL_S3', io) ?? endpointOf('AWS_ENDPOINT_URL', io)
  const accessKeyId = textOf('AWS_ACCESS_KEY_ID', io)
  const secret = textOf('AWS_SECRET_ACCESS_KEY', io)
  const session = textOf('AWS_SESSION_TOKEN', io)
  if ((accessKeyId === undefined) !== (secret === undefined))
    throw new UsageError('set both of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none to ask anonymously')
  const region = textOf('AWS_REGION', io) ?? textOf('AWS_DEFAULT_REGION', io) ?? 'us-east-1'
  if (!/^[a-z0-9-]{1,32}$/.test(region)) throw new UsageError('AWS_REGION is no region')
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secret === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey: new Secret(secret),
            ...(session === undefined ? {} : { sessionToken: new Secret(session) }),
          },
        }),
  }
}

function endpointOf(name: string, io: CommandIo): URL | undefined {
  const text = textOf(name, io)
  if (text === undefined) return undefined
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new UsageError(`${name} is no address`)
  return new URL(text)
}

function textOf(name: string, io: CommandIo): string | undefined {
  const text = io.env(name)
  return text === '' ? undefined : text
}
