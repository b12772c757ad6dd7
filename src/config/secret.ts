// A value that must not be seen: passwords, tokens, private keys. It prints as `[secret]` wherever it ends up.

import { inspect } from 'node:util'
import { z } from 'zod'

const shown = '[secret]'

/** Holds a secret text. Printing, JSON, `util.inspect` and string concatenation all give `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The text itself. Call it where the secret is used, and do not store what it returns. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}

/** The mark by which a schema asks the loader to resolve the scalar at this place as a secret. */
export const secretWanted = { reference: 'secret' } as const

/**
 * A secret in the configuration: written out, `${NAME}` from the environment, or `file:PATH` relative to the
 * configuration file. Not empty. A program may pass a `Secret` directly.
 */
export const secretSchema = z
  .union([z.string(), z.instanceof(Secret)], { error: 'expected text; put a number in quotes' })
  .transform((value, context) => {
    const secret = typeof value === 'string' ? new Secret(value) : value
    if (typeof value === 'string' && value.startsWith('file:')) {
      context.addIssue({
        code: 'custom',
        params: secretWanted,
        message: 'file: is resolved only in a configuration file',
      })
    } else if (secret.reveal() === '') {
      context.addIssue({ code: 'custom', message: 'a secret must not be empty' })
    }
    return secret
  })
  .describe(`A secret: the text itself, \${NAME} for an environment variable, or file:PATH for the content of a file.`)
