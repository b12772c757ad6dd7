// holdfast.yaml: each room's own schema, put together. Nothing here has a default that opens anything.
import { z } from 'zod'
import { apiSettings } from '#api'
import { auditSchema } from '#audit'
import { durationMs, secretSchema, sizeBytes } from '#config'
import { retrySchema, routeProblem, routesSchema, upstreamSchema } from '#gateway'
import { identitySchema } from '#identity'
import { inspectSchema } from '#inspect'
import { limitsSchema } from '#limits'
import { privacySchema } from '#privacy'
import { wireSchema } from '#wire'
import { logsSchema } from './logger.ts'
import { isLoopback } from './loopback.ts'
import { operationsSchema } from './operations-settings.ts'
import { storeSchema } from './store.ts'

const listenSchema = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on. Anything but loopback needs tls.'),
    port: z.int().min(0).max(65_535).default(8787).describe('TCP port; 0 takes a free one.'),
    maxConnections: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        'Connections that a process has open at once; by default, half of what its limit of open files allows.',
      ),
    tls: z
      .strictObject({
        certificate: secretSchema.describe('PEM certificate chain, usually file:PATH.'),
        key: secretSchema.describe('PEM private key, usually file:PATH.'),
      })
      .optional()
      .describe('TLS 1.3 with hybrid quantum-safe key agreement.'),
  })
  .prefault({})
  .refine(({ host, tls }) => tls !== undefined || isLoopback(host), {
    path: ['host'],
    message: 'plain HTTP is only served on loopback (127.0.0.1, ::1, localhost): add listen.tls, or listen on loopback',
  })

const apiSchema = z
  .strictObject({
    listen: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1').describe('Address to listen on. Anything but loopback needs tls.'),
        port: z.int().min(0).max(65_535).default(8788).describe('TCP port; 0 takes a free one.'),
        tls: z
          .strictObject({
            certificate: secretSchema.describe('PEM certificate chain, usually file:PATH.'),
            key: secretSchema.describe('PEM private key, usually file:PATH.'),
          })
          .optional()
          .describe('TLS 1.3 with hybrid quantum-safe key agreement.'),
      })
      .prefault({})
      .refine(({ host, tls }) => tls !== undefined || isLoopback(host), {
        path: ['host'],
        message: 'plain HTTP is only served on loopback: add api.listen.tls, or listen on loopback',
      }),
    ...apiSettings,
  })
  .optional()
  .describe('The management API; without it, there is none. `api: {}` serves it on loopback.')

export const settingsSchema = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .default('./data')
      .describe('Folder of the log, the store and the keys, relative to this file.'),
    store: storeSchema,
    audit: auditSchema,
    listen: listenSchema,
    upstreams: z
      .array(upstreamSchema)
      .min(1)
      .describe('Model APIs. The first whose models match serves a request.')
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two upstreams have the same name'),
    routes: routesSchema,
    retry: retrySchema,
    policy: z
      .strictObject({
        folder: z.string().min(1).describe('Folder of *.cedar files and one *.cedarschema, relative to this file.'),
        recordClaims: z
          .boolean()
          .default(false)
          .describe(
            'Let the log hold the claims of tokens, as policies see them: decisions about tokens can then be replayed.',
          ),
      })
      .describe('Who may do what, in Cedar.'),
    identity: identitySchema,
    limits: limitsSchema,
    inspect: inspectSchema,
    privacy: privacySchema,
    wire: wireSchema,
    answers: z
      .strictObject({
        maxBytes: sizeBytes.default(32 * 1024 * 1024).describe('Largest answer that is not streamed.'),
        maxEventBytes: sizeBytes.default(1024 * 1024).describe('Largest single event of a streamed answer.'),
      })
      .prefault({}),
    stageTimeout: durationMs
      .default(40_000)
      .describe('Longest that one stage of the pipeline may take before it fails closed.'),
    shutdownGrace: durationMs.default(10_000).describe('How long running exchanges may finish on shutdown.'),
    shutdownDelay: durationMs
      .default(0)
      .describe(
        'How long a gateway that is to stop goes on serving while /readyz says no, so that balancers turn away.',
      ),
    api: apiSchema,
    operations: operationsSchema
      .optional()
      .describe('Health and metrics over HTTP; without it, there is no such listener.'),
    logs: logsSchema.describe('What is written to stderr.'),
  })
  .superRefine(({ upstreams, routes }, context) => {
    const names = new Set(upstreams.map(({ name }) => name))
    for (const [place, route] of routes.entries()) {
      const message = routeProblem(route, names)
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['routes', place, 'groups'], message })
    }
  })
  .describe('Configuration of Holdfast.')

export type Settings = z.output<typeof settingsSchema>
