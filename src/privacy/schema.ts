// The room's part of the configuration file.
import { z } from 'zod'
import { durationMs } from '#config'
import { HOST_PATTERN } from './hosts.ts'

const glob = z.string().min(1).max(200)

export const privacySchema = z
  .strictObject({
    session: z
      .strictObject({
        ttl: durationMs.default(30 * 86_400_000).describe('How long placeholders are kept after their last use.'),
      })
      .prefault({}),
    restore: z
      .strictObject({
        hosts: z
          .array(z.string().regex(HOST_PATTERN, { error: 'expected a host such as app.example.com or *.example.com' }))
          .default([])
          .describe('Hosts to which protected values may go inside a URL: exact, or *.host; with :port if unusual.'),
      })
      .prefault({}),
    tools: z
      .strictObject({
        outward: z.array(glob).default([]).describe('Tools that reach the outside world, by name or glob.'),
        inward: z.array(glob).default([]).describe('Tools that do not, whatever their name suggests.'),
      })
      .prefault({}),
    types: z
      .record(z.string(), z.string().regex(/^[A-Z]{2,16}$/, { error: 'expected 2 to 16 of the letters A to Z' }))
      .default({})
      .describe('The word in a placeholder, by kind of match: {uk_nhs: NHS} makes [NHS_k3f2x2ab].'),
  })
  .prefault({})

export type PrivacyConfig = z.output<typeof privacySchema>
