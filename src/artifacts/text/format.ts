// Plain text: UTF-8 without control characters. Nothing loads it as code; what a text can hide is looked for here.
import type { Format } from '../format.ts'

const windowLength = 1024 * 1024

export const text: Format = {
  id: 'text',
  isActive: false,
  recognise({ head, source }) {
    // The head may end within a character.
    const whole = head.length === source.size ? head : head.subarray(0, lastBoundary(head))
    return isText(whole) ? 'plausible' : undefined
  },
  examine({ source, budget }) {
    let offset = 0
    while (offset < source.size) {
      budget.checkTime()
      const bytes = source.read(offset, windowLength)
      const length = offset + bytes.length === source.size ? bytes.length : lastBoundary(bytes)
      if (length === 0 || !isText(bytes.subarray(0, length))) return offset
      offset += length
    }
    return offset
  },
}

/** Strict UTF-8, of control characters only tab, line feed, form feed and carriage return. */
function isText(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** The end of the last whole character. */
function lastBoundary(bytes: Uint8Array): number {
  let end = bytes.length
  while (end > 0 && bytes.length - end < 4 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--
  return end > 0 && (bytes[end - 1] ?? 0) >= 0xc0 ? end - 1 : bytes.length
}
