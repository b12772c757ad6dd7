// Where something was found, told without what was found: names in a body are chosen by whoever sent it, and may be
// a secret themselves. The formats are imported for the names that their shapes describe.
import './formats.ts'
import { SCHEMA_WORDS } from './schema-words.ts'
import { isFieldName } from './shape.ts'

/**
 * A part's path for logs and answers: positions and names of the wire format stay, every other name becomes `*`.
 *
 * @param path JSON Pointer (RFC 6901), with `~key` at its end for a key itself
 */
export function publicPath(path: string): string {
  const isKey = path.endsWith('~key')
  const segments = (isKey ? path.slice(0, -'~key'.length) : path).split('/')
  const shown = segments.map((segment) => (segment === '' || isHarmless(segment) ? segment : '*'))
  return shown.join('/') + (isKey ? '~key' : '')
}

function isHarmless(segment: string): boolean {
  return /^\d{1,6}$/.test(segment) || isFieldName(segment) || SCHEMA_WORDS.has(segment) || errorFields.has(segment)
}

/** Error answers have no shape: every string in them is inspected alike. */
const errorFields = new Set(['error', 'message', 'code', 'param', 'detail'])
