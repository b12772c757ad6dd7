// `health` of an upstream in holdfast.yaml: when it counts as down, and how it is looked after.
import { z } from 'zod'
import { durationMs } from '#config'

const timer = durationMs.pipe(
  z
    .number()
    .min(1)
    .max(2 ** 31 - 1),
)

export const healthSchema = z
  .strictObject({
    failures: z.int().min(1).max(10_000).default(5).describe('Failures in a row that open the circuit.'),
    failureRate: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.6)
      .describe('Share of failed calls in a window above which the circuit opens; 1 never does.'),
    minCalls: z.int().min(1).max(1_000_000).default(20).describe('Calls in a window before their share counts.'),
    window: timer.default(30_000),
    openFor: timer
      .default(5_000)
      .describe('How long no call is made; doubled each time that the one call after it fails.'),
    maxOpenFor: timer.default(120_000).describe('Longest that no call is made.'),
    retryRatio: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('How many more calls its failures may cause, as a share of its calls.'),
    retryBurst: z.int().min(0).max(10_000).default(10).describe('As many more at once.'),
    probeEvery: timer
      .pipe(z.number().min(100))
      .optional()
      .describe('How often its list of models is asked for, to look after it between requests too. Default: never.'),
    probeTimeout: timer.default(5_000).describe('Until that has been answered.'),
  })
  .prefault({})
  .describe('When the upstream counts as down.')

export type HealthSettings = z.output<typeof healthSchema>
