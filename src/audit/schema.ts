// The `audit` part of holdfast.yaml: what an answer waits for.
import { z } from 'zod'
import { durationMs } from '#config'

export const auditSchema = z
  .strictObject({
    durability: z
      .enum(['strict', 'group'])
      .default('strict')
      .describe(
        'What an answer waits for. strict: its decision survives a power cut. group: it survives the end of the process, and a power cut at most `syncEvery` later.',
      ),
    syncEvery: durationMs
      .pipe(z.number().min(1).max(1000))
      .default(10)
      .describe('With group durability: how long a decision may be in memory only.'),
  })
  .prefault({})
  .describe('How the log is written.')

export type AuditSettings = z.output<typeof auditSchema>
