// The texts and bytes of a pickle stay in its source; here they are found again, by the offset of their opcode.
import type { Cursor } from './cursor.ts'
import { decodeQuoted, decodeRawUnicodeEscape } from './escapes.ts'

/** Longer than any name, any encoding and any template. */
const maxText = 16 * 1024

export interface Content {
  readonly opcode: number
  readonly offset: number
  readonly length: number
}

/** The text whose opcode is at `offset`; undefined when it is too long for a name, or cannot be read as a text. */
export function textAt(cursor: Cursor, offset: number): string | undefined {
  const content = contentAt(cursor, offset)
  if (content === undefined || content.length > maxText) return undefined
  const bytes = Buffer.from(cursor.peek(content.offset, content.length))
  if (content.opcode === 0x56) return decodeRawUnicodeEscape(bytes.toString('latin1'))
  if (content.opcode === 0x53) return decodeQuoted(bytes.toString('latin1'))
  return bytes.toString('utf8')
}

/** Where the bytes of the text or the bytes are whose opcode is at `offset`. */
export function contentAt(cursor: Cursor, offset: number): Content | undefined {
  if (offset < 0) return undefined
  const head = cursor.peek(offset, 9)
  const opcode = head[0] ?? 0
  switch (opcode) {
    case 0x55:
    case 0x8c:
    case 0x43:
      return { opcode, offset: offset + 2, length: head[1] ?? 0 }
    case 0x58:
    case 0x54:
    case 0x42:
      return { opcode, offset: offset + 5, length: number32(head) }
    case 0x8d:
    case 0x8e:
    case 0x96:
      return { opcode, offset: offset + 9, length: Number(Buffer.from(head).readBigUInt64LE(1)) }
    default: {
      const line = cursor.peek(offset + 1, maxText + 1).indexOf(0x0a)
      return { opcode, offset: offset + 1, length: line < 0 ? maxText + 1 : line }
    }
  }
}

function number32(head: Uint8Array): number {
  return ((head[1] ?? 0) | ((head[2] ?? 0) << 8) | ((head[3] ?? 0) << 16) | ((head[4] ?? 0) << 24)) >>> 0
}
