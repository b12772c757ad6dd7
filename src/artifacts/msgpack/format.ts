// MessagePack (github.com/msgpack/msgpack, spec.md), as Flax writes parameters and WebDataset samples: values, of which
// only extensions mean more to a reader than they say. Walked without building anything.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { exactly } from '../reader.ts'
import type { Rule } from '../rule.ts'
import { judgeText } from '../text/judge.ts'

const extension: Rule = {
  id: 'msgpack/extension',
  title: 'A value is of a kind that only some readers know',
  severity: 'low',
  cwe: ['CWE-502'],
  remedy: 'Find out what the reader makes of it before you load the file.',
}

/** Flax: arrays, complex numbers, NumPy's scalars (flax/serialization.py); -1 is a time. */
const knownExtensions = new Set([-1, 1, 2, 3])

export const msgpack: Format = {
  id: 'msgpack',
  isActive: false,
  recognise: ({ head, name }) =>
    /\.(?:msgpack|mpk|mp)$/.test(name) && isContainer(head[0] ?? 0) ? 'plausible' : undefined,
  examine(examination) {
    const { source, budget } = examination
    let open = 1
    let at = 0
    // Containers only add to what is still to come: no recursion, and so no depth.
    for (let count = 0; open > 0; count++) {
      if (count % 1024 === 0) budget.checkTime()
      const { length, values } = valueAt(examination, at)
      at += length
      open += values - 1
      if (open > source.size - at)
        throw new ArtifactError('malformed', 'more values are announced than bytes are left', at)
    }
    return at
  },
}

function isContainer(byte: number): boolean {
  return (byte >= 0x80 && byte <= 0x9f) || (byte >= 0xdc && byte <= 0xdf)
}

/** @returns bytes that it takes, and values that follow as its parts */
function valueAt(examination: Examination, at: number): { readonly length: number; readonly values: number } {
  const { source } = examination
  const code = exactly(source, at, 1, 'a value')[0] ?? 0
  const size = (bytes: number) => exactly(source, at + 1, bytes, 'a length').readUIntBE(0, bytes)
  const content = (from: number, length: number, isText: boolean) => {
    if (at + from + length > source.size) throw new ArtifactError('malformed', 'a value is cut off', at)
    if (isText && length >= 16)
      judgeText(examination, Buffer.from(source.read(at + from, Math.min(length, 65_536))).toString('utf8'), {
        offset: at,
      })
    if (!isText && length >= 64) examination.opaque(at + from, length, 'an array')
    return { length: from + length, values: 0 }
  }
  if (code < 0x80 || code >= 0xe0) return { length: 1, values: 0 }
  if (code < 0x90) return { length: 1, values: (code & 15) * 2 }
  if (code < 0xa0) return { length: 1, values: code & 15 }
  if (code < 0xc0) return content(1, code & 31, true)
  if (code >= 0xc4 && code <= 0xc6) return content(1 + 2 ** (code - 0xc4), size(2 ** (code - 0xc4)), false)
  if (code >= 0xd9 && code <= 0xdb) return content(1 + 2 ** (code - 0xd9), size(2 ** (code - 0xd9)), true)
  if (code === 0xdc || code === 0xdd) return { length: code === 0xdc ? 3 : 5, values: size(code === 0xdc ? 2 : 4) }
  if (code === 0xde || code === 0xdf) return { length: code === 0xde ? 3 : 5, values: size(code === 0xde ? 2 : 4) * 2 }
  if ((code >= 0xc7 && code <= 0xc9) || (code >= 0xd4 && code <= 0xd8)) {
    const bytes = code <= 0xc9 ? 2 ** (code - 0xc7) : 0
    const length = bytes > 0 ? size(bytes) : 2 ** (code - 0xd4)
    const type = exactly(source, at + 1 + bytes, 1, 'a kind').readInt8(0)
    if (!knownExtensions.has(type))
      examination.report({
        rule: extension,
        message: `A value is of the kind ${type}.`,
        at: { offset: at },
        subject: String(type),
      })
    return content(2 + bytes, length, false)
  }
  const plain: Readonly<Record<number, number>> = {
    192: 0,
    194: 0,
    195: 0,
    202: 4,
    203: 8,
    204: 1,
    205: 2,
    206: 4,
    207: 8,
    208: 1,
    209: 2,
    210: 4,
    211: 8,
  }
  const length = plain[code]
  if (length === undefined) throw new ArtifactError('malformed', 'a value that does not exist', at)
  return content(1, length, false)
}
