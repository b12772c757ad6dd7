// JSON by our rules once more, from what others wrote: V8's parser, and what the identity room reads tokens with. It
// keeps keys from standing twice and surrogates from standing alone.
import { readStrictJson } from '../../src/identity/jwt/strict-json.ts'

/** Nesting at which that reader stops. */
export const strictDepth = 16

/** The value; undefined for what is not JSON, or not by our rules. */
export function readByOthers(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: readStrictJson(bytes) }
  } catch {
    return undefined
  }
}
