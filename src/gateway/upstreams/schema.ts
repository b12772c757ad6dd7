// One entry of `upstreams` in holdfast.yaml: where a model server is, with which credential, and within which limits.

import { isIP } from 'node:net'
import { z } from 'zod'
import { durationMs, modelMatcher, secretSchema, sizeBytes } from '#config'
import { addressRefusal, isLocalhostName } from './address.ts'
import { healthSchema } from './health-settings.ts'

const modelName = z.string().regex(/^[A-Za-z0-9@][A-Za-z0-9._:/@+-]{0,255}$/, { error: 'expected a model name' })
export const modelPattern = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: 'expected a model name, `*` standing for any text' })
const dataClass = /^(?:uninspected|(?:personal|secret|canary)(?:\.[a-z0-9_]{1,64})?)$/

export const upstreamSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, { error: 'expected lower-case letters, digits, dots and dashes' }),
    url: z
      .string()
      .transform(parseUrl)
      .describe(
        'Base URL such as https://api.openai.com/v1; `/chat/completions` is appended. No request can change it.',
      ),
    key: secretSchema.optional().describe("The upstream's credential. Clients never see it."),
    auth: z
      .enum(['bearer', 'api-key', 'x-api-key', 'none'])
      .optional()
      .describe(
        'How the key is sent: as `Authorization: Bearer`, `Api-Key` or `X-Api-Key`. Default with a key: bearer; x-api-key for `api: anthropic`.',
      ),
    api: z
      .enum(['openai', 'anthropic'])
      .default('openai')
      .describe('Which API it speaks: requests in the format of the other are not sent there.'),
    anthropic: z
      .strictObject({
        version: z
          .string()
          .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'expected a version such as 2023-06-01' })
          .default('2023-06-01')
          .describe('Sent as `anthropic-version`, whatever the client sends.'),
        betas: z
          .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'expected the name of a beta feature' }))
          .max(64)
          .default([])
          .describe('Beta features that a request may ask for in `anthropic-beta`. Others are not passed on.'),
      })
      .prefault({})
      .describe('For `api: anthropic`.'),
    models: z.array(modelPattern).min(1).default(['*']).describe('Which models it serves.'),
    modelNames: z
      .record(modelName, modelName)
      .default({})
      .describe('Models that have another name there: what clients ask for, and what the upstream is asked for.'),
    clearance: z
      .array(
        z.string().regex(dataClass, {
          error: 'expected personal, secret, canary, uninspected, or one kind such as personal.email',
        }),
      )
      .optional()
      .describe('What may go there unmasked: data classes as detectors find them. Default: whatever is not masked.'),
    health: healthSchema,
    allowPrivate: z.boolean().default(false).describe('Allow an address of this machine or this site.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Allow plain http to other machines. Prompts and keys are then readable on the way.'),
    timeouts: z
      .strictObject({
        connect: timeout(5_000, 'Until a connection is there, waiting for a free one included.'),
        headers: timeout(
          300_000,
          'Until the answer begins; an answer that is not streamed begins when it is complete.',
        ),
        idle: timeout(120_000, 'Between two pieces of an answer.'),
        total: timeout(600_000, 'For the whole call.'),
      })
      .prefault({}),
    connections: z
      .int()
      .min(1)
      .max(10_000)
      .default(256)
      .describe('Calls at once; more wait for at most `timeouts.connect`.'),
    maxResponseBytes: sizeBytes.pipe(z.number().min(1024)).default(64 * 1024 * 1024),
    tls: z
      .strictObject({
        ca: secretSchema.describe('PEM certificates to trust instead of the public ones, usually file:PATH.'),
      })
      .optional(),
  })
  .superRefine((upstream, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    const { url, key, auth, allowPrivate, allowHttp, models, modelNames } = upstream
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (url.protocol === 'http:' && !allowHttp && !isLoopback(host)) {
      refuse('url', 'use https; plain http to another machine needs `allowHttp: true`')
    }
    const refusal = isLocalhostName(host)
      ? addressRefusal('127.0.0.1', allowPrivate)
      : isIP(host) === 0
        ? undefined
        : addressRefusal(host, allowPrivate)
    if (refusal !== undefined) refuse('url', `this address is refused: ${refusal}`)
    const serves = modelMatcher(models)
    for (const name of Object.keys(modelNames))
      if (!serves(name)) refuse('modelNames', '`models` does not match every name on the left')
    if (key === undefined && auth !== undefined && auth !== 'none') refuse('key', `\`auth: ${auth}\` needs a key`)
    if (key !== undefined && auth === 'none') refuse('key', '`auth: none` sends no key, so there must be none here')
    if (key !== undefined && !/^[\x21-\x7e]+$/.test(key.reveal()))
      refuse('key', 'a key may hold only printable ASCII without spaces')
  })
  .transform((upstream) => ({ ...upstream, auth: upstream.auth ?? usualAuth(upstream) }))

export type UpstreamSettings = z.output<typeof upstreamSchema>

function usualAuth({ key, api }: { key?: unknown; api: 'openai' | 'anthropic' }): 'none' | 'bearer' | 'x-api-key' {
  if (key === undefined) return 'none'
  return api === 'anthropic' ? 'x-api-key' : 'bearer'
}

function parseUrl(text: string, context: z.RefinementCtx): URL {
  const url = URL.parse(text)
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (url === null) return refuse('expected a URL such as https://api.openai.com/v1')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('expected an https URL')
  if (url.username !== '' || url.password !== '') return refuse('put the credential under `key`, not into the URL')
  if (url.hash !== '') return refuse('a URL with a fragment (#…) is not a base URL')
  return url
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^127(?:\.\d+){3}$/.test(host) || isLocalhostName(host)
}

function timeout(defaultMs: number, description: string) {
  // Node's timers take a signed 32-bit number of milliseconds; a longer one would fire at once.
  return durationMs
    .pipe(
      z
        .number()
        .min(1)
        .max(2 ** 31 - 1),
    )
    .default(defaultMs)
    .describe(description)
}
