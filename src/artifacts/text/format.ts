// Texts that no reader of their own takes: notes, vocabularies, pages. Nothing loads them as code; what a text can hide
// is looked for here.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { stretch } from '../source.ts'
import { encodingOf, lastBoundary } from './decode.ts'
import { judgeText } from './judge.ts'
import { type TextKind, textShapeOf } from './kind.ts'

const windowLength = 1024 * 1024

const own: ReadonlySet<TextKind> = new Set(['text'])

export const text: Format = {
  id: 'text',
  isActive: false,
  recognise(probe) {
    const shape = textShapeOf(probe)
    return shape !== undefined && own.has(shape.kind) ? 'plausible' : undefined
  },
  examine(examination) {
    const { source, budget } = examination
    const encoding = encodingOf(source.read(0, windowLength), source.size > windowLength)
    if (encoding === undefined) throw new ArtifactError('malformed', 'not a text')
    const decoder = new TextDecoder(encoding, { fatal: true })
    let offset = 0
    while (offset < source.size) {
      budget.checkTime()
      const bytes = source.read(offset, windowLength)
      const isLast = offset + bytes.length === source.size
      const length = isLast ? bytes.length : encoding === 'utf-8' ? lastBoundary(bytes) : bytes.length & ~1
      // A text that breaks off into something else ends there; what follows is examined on its own.
      if (length === 0 || (encodingOf(bytes.subarray(0, length), false) === undefined && encoding === 'utf-8'))
        return endOfText(examination.source, offset, length)
      judgeText(examination, decoded(decoder, bytes.subarray(0, length)), { offset })
      offset += length
    }
    return offset
  },
}

function decoded(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new ArtifactError('malformed', 'not a text')
  }
}

/** The last whole line before the first byte that no text has. */
function endOfText(source: Parameters<typeof stretch>[0], offset: number, length: number): number {
  const bytes = stretch(source, offset, length).read(0, length)
  const end = bytes.indexOf(0)
  const line = end < 0 ? -1 : bytes.lastIndexOf(10, end)
  if (offset === 0 && line < 0) throw new ArtifactError('malformed', 'not a text')
  return offset + line + 1
}
