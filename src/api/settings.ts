// What the configuration says of the management API, apart from where it listens.
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { Severity } from '#artifacts'
import { durationMs, sizeBytes } from '#config'

/** Of what is found in files. Not taken from where they are defined: that would load every parser at each start. */
export const scanSeverities = ['info', 'low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[]

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

export const apiSettings = {
  hosts: z
    .array(z.string().regex(hostName, { error: 'expected a host name in lower case, without a port' }))
    .default([])
    .describe('Names that clients reach it by, besides localhost, the address itself and listen.host.'),
  rate: z
    .strictObject({
      requests: z.int().min(1).default(600).describe('Calls that one key or subject may make in each `per`.'),
      per: durationMs.default(60_000).describe('See `requests`.'),
      burst: z.int().min(1).default(100).describe('Calls that may come at once.'),
    })
    .prefault({}),
  scans: z
    .strictObject({
      roots: z
        .array(z.string().refine(isAbsolute, { error: 'expected an absolute path' }))
        .default([])
        .describe('Folders whose files may be scanned by their path. None: only what is uploaded.'),
      hosts: z
        .array(z.string().regex(hostName, { error: 'expected a host name in lower case, without a port' }))
        .default([])
        .describe('Hosts whose https addresses may be scanned; huggingface.co allows hf:org/model@revision too.'),
      threshold: z
        .enum(scanSeverities)
        .default('medium')
        .describe('From this severity on, what is found keeps a file out. A request may ask for a lower one.'),
      maxUpload: sizeBytes.default(1024 ** 3).describe('Largest file that may be uploaded.'),
      uploadTimeout: durationMs.default(600_000).describe('Longest that one request may take to arrive.'),
      timeout: durationMs.default(300_000).describe('Longest that one file may take to be scanned.'),
      atOnce: z.int().min(1).max(64).default(1).describe('Scans that run at the same time.'),
      queued: z.int().min(1).max(10_000).default(100).describe('Scans that may wait; more are refused with 503.'),
      keep: durationMs.default(30 * 86_400_000).describe('How long the result of a scan can be asked for.'),
      keepAtMost: z.int().min(1).max(1_000_000).default(10_000).describe('Results kept; the oldest are dropped.'),
    })
    .prefault({}),
} as const

const schema = z.strictObject(apiSettings)
export type ApiSettings = z.output<typeof schema>
