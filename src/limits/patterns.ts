// Patterns of model names in the settings of this room.
import { z } from 'zod'

/** A list of at least one. */
export function modelPatterns() {
  return z
    .array(z.string().regex(/^[\x21-\x7e]{1,200}$/, { error: 'expected a model name, `*` standing for any text' }))
    .min(1)
    .describe('Names of models; `*` stands for any text.')
}
