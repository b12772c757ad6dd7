// Where health and metrics are served: on a listener of its own, never on the one for traffic.
import { z } from 'zod'
import { secretSchema } from '#config'
import { addressRefusal } from '#gateway'
import { isLoopback } from './loopback.ts'

export const operationsSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address of the listener for health and metrics. Anything but loopback needs tls or allowHttp.'),
    port: z.int().min(0).max(65_535).default(8789).describe('Its TCP port; 0 takes a free one.'),
    tls: z
      .strictObject({
        certificate: secretSchema.describe('PEM certificate chain, usually file:PATH.'),
        key: secretSchema.describe('PEM private key, usually file:PATH.'),
      })
      .optional()
      .describe('TLS 1.3 for it.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Allow plain http on a private address or on all addresses, for probes inside a cluster.'),
    hosts: z
      .array(z.string().min(1).max(253))
      .default([])
      .describe('Names that it may be called by, beside addresses and localhost.'),
    token: secretSchema.optional().describe('What /metrics asks for as a bearer token; without it, nothing.'),
  })
  .refine(({ host, tls, allowHttp }) => tls !== undefined || isLoopback(host) || (allowHttp && isInside(host)), {
    path: ['host'],
    message:
      'plain HTTP is only served on loopback, and with operations.allowHttp on a private address or on 0.0.0.0 or ::; ' +
      'add operations.tls, or listen on loopback',
  })

export type OperationsSettings = z.output<typeof operationsSchema>

/** Nobody outside can reach a private address; where all addresses are meant, the network around has to see to it. */
function isInside(host: string): boolean {
  if (host === '0.0.0.0' || host === '::') return true
  return addressRefusal(host, false) !== undefined && addressRefusal(host, true) === undefined
}
