// The header of a .npy file: a Python dictionary of three known keys. Read as data; NumPy before 1.17 evaluated it.
import { ArtifactError } from '../error.ts'

export interface ArrayHeader {
  readonly count: number
  /** Bytes; 0 when the elements are objects. */
  readonly itemSize: number
  readonly hasObjects: boolean
}

/** @returns undefined when it is anything but `{'descr': …, 'fortran_order': …, 'shape': (…)}` */
export function readHeader(text: string): ArrayHeader | undefined {
  const literal = createLiteralReader(text)
  try {
    const value = literal.value(0)
    literal.end()
    if (!(value instanceof Map) || value.size !== 3 || typeof value.get('fortran_order') !== 'boolean') return undefined
    const shape: unknown = value.get('shape')
    if (!Array.isArray(shape) || !shape.every((length) => typeof length === 'number' && length >= 0)) return undefined
    const item = itemOf(value.get('descr'), 0)
    return item && { count: shape.reduce((product, length) => product * length, 1), ...item }
  } catch (error) {
    if (error instanceof ArtifactError) return undefined
    throw error
  }
}

/** Bytes of one element of a dtype: a name such as `<f8`, or fields with theirs. */
function itemOf(descr: unknown, depth: number): Omit<ArrayHeader, 'count'> | undefined {
  if (depth > 32) return undefined
  if (typeof descr === 'string') {
    const [, letter = '', digits = '', unit = ''] = /^[<>|=]?([a-zA-Z?])(\d*)(\[\w{1,16}\])?$/.exec(descr) ?? []
    if (letter === '' || (unit !== '' && letter !== 'M' && letter !== 'm')) return undefined
    if (letter === 'O') return { itemSize: 0, hasObjects: true }
    const size = letter === '?' && digits === '' ? 1 : Number(digits)
    return digits === '' && letter !== '?'
      ? undefined
      : { itemSize: letter === 'U' ? 4 * size : size, hasObjects: false }
  }
  if (!Array.isArray(descr)) return undefined
  let itemSize = 0
  let hasObjects = false
  // A pair of a dtype and a shape is a dtype too.
  const fields = typeof descr[0] === 'string' && Array.isArray(descr[1]) ? [['', descr[0], descr[1]]] : descr
  for (const field of fields) {
    if (!Array.isArray(field) || field.length < 2 || field.length > 3) return undefined
    const item = itemOf(field[1], depth + 1)
    if (item === undefined) return undefined
    const shape: unknown = field[2] ?? []
    const lengths = typeof shape === 'number' ? [shape] : shape
    if (!Array.isArray(lengths) || !lengths.every((length) => typeof length === 'number' && length >= 0))
      return undefined
    itemSize += item.itemSize * lengths.reduce((product: number, length: number) => product * length, 1)
    hasObjects ||= item.hasObjects
  }
  return { itemSize, hasObjects }
}

/** Python literals without anything to evaluate: texts, whole numbers, True, False, None, tuples, lists, dictionaries. */
function createLiteralReader(text: string) {
  let at = 0

  function value(depth: number): unknown {
    if (depth > 64) throw unreadable()
    skipSpace()
    const sign = text[at]
    if (sign === '{') return dictionary(depth)
    if (sign === '(') return sequence(')', depth)
    if (sign === '[') return sequence(']', depth)
    if (sign === "'" || sign === '"') return quoted(sign)
    const word = /[A-Za-z0-9_-]*/y
    word.lastIndex = at
    const found = word.exec(text)?.[0] ?? ''
    at += found.length
    if (found === 'True') return true
    if (found === 'False') return false
    if (found === 'None') return null
    // Python 2 wrote long integers with an L.
    if (/^-?\d{1,15}L?$/.test(found)) return Number(found.replace('L', ''))
    throw unreadable()
  }

  function dictionary(depth: number): Map<unknown, unknown> {
    const entries = new Map<unknown, unknown>()
    at++
    for (;;) {
      skipSpace()
      if (taken('}')) return entries
      const key = value(depth + 1)
      skipSpace()
      if (!taken(':') || entries.has(key)) throw unreadable()
      entries.set(key, value(depth + 1))
      skipSpace()
      if (!taken(',') && text[at] !== '}') throw unreadable()
    }
  }

  function sequence(close: string, depth: number): unknown[] {
    const items: unknown[] = []
    at++
    for (;;) {
      skipSpace()
      if (taken(close)) return items
      items.push(value(depth + 1))
      skipSpace()
      if (!taken(',') && text[at] !== close) throw unreadable()
    }
  }

  function quoted(quote: string): string {
    const end = text.indexOf(quote, at + 1)
    const content = text.slice(at + 1, end)
    // NumPy escapes nothing but odd field names, whose content does not matter here.
    if (end < 0 || content.endsWith('\\')) throw unreadable()
    at = end + 1
    return content
  }

  function skipSpace(): void {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t') at++
  }

  function taken(sign: string): boolean {
    if (text[at] !== sign) return false
    at++
    return true
  }

  function end(): void {
    skipSpace()
    if (at < text.length) throw unreadable()
  }

  function unreadable(): ArtifactError {
    return new ArtifactError('malformed', 'no plain literal', at)
  }

  return { value, end }
}
