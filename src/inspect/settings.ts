/** The `inspect` part of holdfast.yaml: what is done about what is found, and what is planted to be found. */
import { z } from 'zod'
import { durationMs, secretSchema } from '#config'
import { canaries, isCanary, MIN_CANARY } from './canary.ts'
import type { Detector } from './detector.ts'
import { injection } from './injection.ts'
import { personalData } from './personal.ts'
import { secrets } from './secrets.ts'

const action = z.enum(['allow', 'flag', 'mask', 'block'])

const actionTable = z
  .record(
    z.string().regex(/^(?:personal|secret|injection|canary)(?:\.[a-z0-9_]+)?$/, {
      error: 'expected personal, secret, injection or canary, or one kind such as personal.phone',
    }),
    action,
  )
  .describe('Action by category (personal, secret, injection, canary) or by kind (personal.phone), which goes first.')

/** In force for what the configuration does not mention. */
const defaultActions = {
  request: { personal: 'mask', secret: 'mask', injection: 'block', canary: 'block' },
  response: { personal: 'mask', secret: 'mask', injection: 'flag', canary: 'block' },
} as const

export const inspectSchema = z
  .strictObject({
    actions: z
      .strictObject({
        request: actionTable.default({}).transform((table) => ({ ...defaultActions.request, ...table })),
        response: actionTable.default({}).transform((table) => ({ ...defaultActions.response, ...table })),
      })
      .prefault({}),
    canaries: z
      .array(
        secretSchema.refine(
          (canary) => isCanary(canary.reveal()),
          `expected at least ${MIN_CANARY} visible characters`,
        ),
      )
      .max(1000)
      .default([])
      .describe(
        `Strings planted in system prompts or documents, at least ${MIN_CANARY} characters, that must never be seen outside.`,
      ),
    cacheEntries: z.int().min(0).max(10_000_000).default(20_000).describe('Texts whose verdicts are remembered.'),
    timeLimit: durationMs.default(5_000).describe('Longest that one detector may take over one text.'),
  })
  .prefault({})

export type InspectSettings = z.output<typeof inspectSchema>

/** The detectors that these settings ask for, in the order in which they run. */
export function detectorsFor(settings: InspectSettings): Detector[] {
  const planted = settings.canaries.map((canary) => canary.reveal())
  return [canaries(planted), secrets(), personalData(), injection()]
}
