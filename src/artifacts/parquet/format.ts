// Parquet (github.com/apache/parquet-format): the footer with its metadata, in which Arrow keeps types that run code when
// they are read, and a sample of the columns of text.
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { snappyUncompress } from 'hyparquet'
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors'
import { examineSchema } from '../arrow/schema.ts'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { exactly } from '../reader.ts'
import type { Rule } from '../rule.ts'
import { judgeText } from '../text/judge.ts'
import { textRuns } from '../text/runs.ts'
import { shown } from '../text.ts'
import { bytesIn, numberIn, readThrift, structIn, structsIn, type ThriftStruct } from './thrift.ts'

const outsideFile: Rule = {
  id: 'parquet/outside-file',
  title: 'A column lies in a file outside of the folder',
  severity: 'high',
  cwe: ['CWE-22', 'CWE-73'],
  remedy: 'Do not read it; take the data set from its publisher again.',
}

const maxFooter = 64 * 1024 * 1024
/** Of the columns' text, over the whole file; of one page; and of one column chunk. */
const sampledText = 8 * 1024 * 1024
const maxPage = 32 * 1024 * 1024

export const parquet: Format = {
  id: 'parquet',
  isActive: false,
  recognise({ head }) {
    const magic = Buffer.from(head.subarray(0, 4)).toString('latin1')
    return magic === 'PAR1' || magic === 'PARE' ? 'certain' : undefined
  },
  examine(examination) {
    const { source } = examination
    const last = exactly(source, source.size - 8, 8, 'the end of the footer')
    const magic = last.toString('latin1', 4)
    if (magic !== 'PAR1')
      throw new ArtifactError(
        magic === 'PARE' ? 'unsupported' : 'malformed',
        magic === 'PARE' ? 'the footer is encrypted' : 'no footer at the end',
      )
    const length = last.readUInt32LE(0)
    if (length > maxFooter) throw new ArtifactError('over_limit', `limit reached: a footer of ${length} bytes`)
    const { value: footer } = readThrift(exactly(source, source.size - 8 - length, length, 'the footer'))
    for (const pair of structsIn(footer, 5)) examinePair(examination, pair)
    examineColumns(examination, footer)
    return source.size
  },
}

/** Names and values that writers add: pandas' description in JSON, Arrow's schema in base64. */
function examinePair(examination: Examination, pair: ThriftStruct): void {
  const key = Buffer.from(bytesIn(pair, 1) ?? []).toString('utf8')
  const value = Buffer.from(bytesIn(pair, 2) ?? [])
  if (key === 'ARROW:schema') examineSchema(examination, Buffer.from(value.toString('latin1'), 'base64'))
  else judgeText(examination, value.toString('utf8'), { pointer: `/key_value_metadata/${shown(key, 60)}` })
}

function examineColumns(examination: Examination, footer: ThriftStruct): void {
  const { report, budget, incomplete, source } = examination
  let remaining = sampledText
  for (const [index, group] of structsIn(footer, 4).entries())
    for (const column of structsIn(group, 1)) {
      budget.checkTime()
      const file = Buffer.from(bytesIn(column, 1) ?? []).toString('utf8')
      if (escapesFolder(file) || /^[a-z]+:\/\//i.test(file))
        report({ rule: outsideFile, message: `A column lies in ${shown(file)}.`, subject: shown(file) })
      const chunk = structIn(column, 3)
      const from = Math.min(numberIn(chunk, 11) || Number.POSITIVE_INFINITY, numberIn(chunk, 9) ?? 0)
      const length = numberIn(chunk, 7) ?? 0
      if (chunk === undefined || file !== '') continue
      if (from < 0 || length < 0 || from + length > source.size) {
        incomplete(`a column of row group ${index} reaches beyond the end`)
        continue
      }
      const isBytes = numberIn(chunk, 1) === 6
      if (isBytes && remaining > 0)
        remaining -= examineChunk(examination, chunk, { from, length, group: index, limit: remaining })
    }
}

interface Chunk {
  readonly from: number
  readonly length: number
  readonly group: number
  readonly limit: number
}

/** @returns characters looked at */
function examineChunk(examination: Examination, chunk: ThriftStruct, { from, length, group, limit }: Chunk): number {
  const { source, incomplete, budget } = examination
  const codec = numberIn(chunk, 4) ?? 0
  const path = chunk.get(3)
  const name = Array.isArray(path)
    ? path.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('utf8') : '')).join('.')
    : ''
  let looked = 0
  for (let at = from; at < from + length && looked < limit; ) {
    budget.checkTime()
    const head = source.read(at, Math.min(64 * 1024, from + length - at))
    const { value: header, end } = readThrift(head)
    const packed = numberIn(header, 3) ?? -1
    const size = numberIn(header, 2) ?? -1
    if (packed < 0 || size < 0 || at + end + packed > from + length)
      throw new ArtifactError('malformed', 'a page reaches beyond its column', at)
    if (size > maxPage) {
      incomplete(`a page of ${size} bytes is not looked at`)
      return looked
    }
    const content = source.read(at + end, packed)
    const page = unpackPage(content, codec, size, header)
    if (page === undefined) {
      incomplete(`the pages of ${shown(name)} are compressed by a method that is not read here`)
      return looked
    }
    const text = textRuns(page, 4, limit - looked)
    if (text !== '') judgeText(examination, text, { pointer: `/row_groups/${group}/${shown(name, 60)}` })
    looked += Math.max(text.length, 1)
    at += end + packed
  }
  return looked
}

function unpackPage(content: Uint8Array, codec: number, size: number, header: ThriftStruct): Uint8Array | undefined {
  const second = structIn(header, 8)
  // Of the second kind of page the levels are never compressed.
  const levels = (numberIn(second, 5) ?? 0) + (numberIn(second, 6) ?? 0)
  if (levels < 0 || levels > content.length)
    throw new ArtifactError('malformed', 'the levels of a page reach beyond it')
  if (second?.get(7) === false) return content
  const packed = content.subarray(levels)
  const expected = Math.max(0, size - levels)
  try {
    switch (codec) {
      case 0:
        return content
      case 1: {
        const output = new Uint8Array(expected)
        snappyUncompress(packed, output)
        return output
      }
      case 2:
        return gunzipSync(packed, { maxOutputLength: Math.max(1, expected) })
      case 4:
        return brotliDecompressSync(packed, { maxOutputLength: Math.max(1, expected) })
      case 5:
        return decompressLz4(packed, expected)
      case 6:
        return packed.length === 0 ? packed : zstdDecompressSync(packed, { maxOutputLength: Math.max(1, expected) })
      case 7:
        return decompressLz4Raw(packed, expected)
      default:
        return undefined
    }
  } catch (error) {
    if (error instanceof ArtifactError) throw error
    throw new ArtifactError('malformed', 'a page cannot be unpacked')
  }
}
