// `limits.tokens`: how many tokens a request is taken for before its upstream has counted them.
import { z } from 'zod'
import { modelPatterns } from '../patterns.ts'
import { familyNames } from './weights.ts'

const count = z.int().min(0).max(100_000_000)

export const tokensSchema = z
  .strictObject({
    families: z
      .array(
        z.strictObject({
          models: modelPatterns(),
          family: z.enum(familyNames).describe('Whose tokenizer the model has.'),
        }),
      )
      .default([])
      .describe('Families of models that are not known by their name. The first entry that fits decides.'),
    bound: z
      .enum(['usual', 'certain'])
      .default('usual')
      .describe(
        'What is reserved for a text: `usual` suits what people and programs write; `certain` is a token for each byte, which nothing can exceed.',
      ),
    maxOutput: count
      .min(1)
      .default(4096)
      .describe('Reserved for each answer when the request does not say how long it may be.'),
    uninspected: count
      .default(2000)
      .describe('Reserved for each image, file and piece of audio, and for each reference to stored text.'),
  })
  .prefault({})

export type TokenSettings = z.output<typeof tokensSchema>
