// Images, sound, film, fonts: never decoded. Their structure is followed to its end, what they say of themselves is read
// as text that nobody sees, and what follows behind them is looked at.
import { inflateSync } from 'node:zlib'
import type { Examination, Format } from '../format.ts'
import { judgeText } from '../text/judge.ts'
import { textRuns } from '../text/runs.ts'
import { bmp, boxes, flac, font, gif, jpeg, mp3, ogg, png, riff, tiff, type Walker } from './parts.ts'
import * as rules from './rules.ts'

interface Kind {
  readonly id: string
  readonly walk: Walker
  readonly shortest: number
  isOne(head: string): boolean
}

const kinds: readonly Kind[] = [
  { id: 'png', walk: png, shortest: 8, isOne: (head) => head.startsWith('\x89PNG\r\n\x1a\n') },
  { id: 'jpeg', walk: jpeg, shortest: 3, isOne: (head) => head.startsWith('\xff\xd8\xff') },
  { id: 'gif', walk: gif, shortest: 13, isOne: (head) => /^GIF8[79]a/.test(head) },
  { id: 'riff', walk: riff, shortest: 12, isOne: (head) => /^RIFF[\s\S]{4}(?:WEBP|WAVE|AVI |sfbk|RMID)/.test(head) },
  {
    id: 'iso-media',
    walk: boxes,
    shortest: 12,
    isOne: (head) => /^[\s\S]{4}(?:ftyp|jP {2}|moov|mdat|wide)/.test(head),
  },
  { id: 'ogg', walk: ogg, shortest: 28, isOne: (head) => head.startsWith('OggS\0') },
  { id: 'flac', walk: flac, shortest: 8, isOne: (head) => /^fLaC[\0\x80]/.test(head) },
  {
    id: 'mp3',
    walk: mp3,
    shortest: 10,
    isOne: (head) => /^ID3[\x02-\x04]|^\xff[\xfb\xf3\xf2\xfa][\x10-\xef]/.test(head),
  },
  {
    id: 'bmp',
    walk: bmp,
    shortest: 26,
    isOne: (head) => /^BM[\s\S]{4}\0\0\0\0[\s\S]{2}\0\0[\x0c\x28\x38\x40\x6c\x7c]\0\0\0/.test(head),
  },
  { id: 'tiff', walk: tiff, shortest: 8, isOne: (head) => /^(?:II[*+]\0|MM\0[*+])/.test(head) },
  {
    id: 'font',
    walk: font,
    shortest: 12,
    isOne: (head) => /^(?:OTTO\0|\0\x01\0\0\0[\x01-\x40]|wOF[F2]|ttcf\0|true\0)/.test(head),
  },
]

export const media: Format = {
  id: 'media',
  isActive: false,
  recognise: ({ head }) => (kindOf(head) === undefined ? undefined : 'certain'),
  examine(examination) {
    const { source, report, budget, opaque } = examination
    const kind = kindOf(source.read(0, 64))
    if (kind === undefined) return 0
    const { end, isWhole, parts } = kind.walk(source, () => budget.checkTime())
    for (const { offset, length } of parts) examinePart(examination, offset, length, kind.id)
    if (!isWhole) report({ rule: rules.cutOff, message: `The ${kind.id} file breaks off.` })
    if (end < source.size && !source.read(end, 4096).every((byte) => byte === 0)) {
      report({
        rule: rules.trailing,
        message: `${source.size - end} bytes follow behind the end.`,
        at: { offset: end },
      })
      opaque(end, source.size - end, 'what follows an image or a recording')
      judgeText(examination, textRuns(source.read(end, maxText), 8, maxText), { offset: end, isHidden: true })
    }
    return source.size
  },
}

function kindOf(bytes: Uint8Array): Kind | undefined {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1')
  return kinds.find((kind) => bytes.length >= kind.shortest && kind.isOne(head))
}

const maxText = 256 * 1024

function examinePart(examination: Examination, offset: number, length: number, kind: string): void {
  const bytes = examination.source.read(offset, Math.min(length, maxText))
  const text = textRuns(kind === 'png' ? inflated(bytes) : bytes, 8, maxText)
  if (text !== '') judgeText(examination, text, { offset, isHidden: true })
}

/** A compressed text of a PNG: keyword, null, method, the stream; or keyword, null, flags, language, translation, stream. */
function inflated(bytes: Uint8Array): Uint8Array {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = chunk.toString('latin1', 4, 8)
  if (type !== 'zTXt' && type !== 'iTXt') return chunk.subarray(8)
  const start = chunk.findIndex(
    (byte, at) => at > 8 && byte === 0x78 && ((byte << 8) | (chunk[at + 1] ?? 0)) % 31 === 0,
  )
  if (start < 0) return chunk.subarray(8)
  try {
    return inflateSync(chunk.subarray(start), { maxOutputLength: maxText })
  } catch {
    return chunk.subarray(8)
  }
}
