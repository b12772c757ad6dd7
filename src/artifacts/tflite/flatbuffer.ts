// FlatBuffers (flatbuffers.dev/internals), read without trust: every offset is followed only when what it leads to lies
// within the file. A missing field is undefined; a field that lies is malformed.
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'

export interface Table {
  readonly source: Source
  readonly at: number
  /** Places of its fields in the file; 0 for those that it does not have. */
  readonly fields: readonly number[]
}

/** The table that the file begins with. @throws ArtifactError `malformed` */
export function rootTable(source: Source): Table {
  return tableAt(source, unsigned(source, 0))
}

/** @throws ArtifactError `malformed` */
export function tableAt(source: Source, at: number): Table {
  const back = exactly(source, at, 4, 'a table').readInt32LE()
  const vtable = at - back
  const sizes = exactly(source, vtable, 4, 'the fields of a table')
  const length = sizes.readUInt16LE(0)
  const tableLength = sizes.readUInt16LE(2)
  if (length < 4 || length % 2 !== 0 || tableLength < 4)
    throw new ArtifactError('malformed', 'a table of impossible measures', at)
  exactly(source, at, tableLength, 'a table')
  const offsets = exactly(source, vtable, length, 'the fields of a table')
  const fields = Array.from({ length: (length - 4) / 2 }, (_, index) => {
    const offset = offsets.readUInt16LE(4 + 2 * index)
    if (offset >= tableLength) throw new ArtifactError('malformed', 'a field lies outside of its table', at)
    return offset === 0 ? 0 : at + offset
  })
  return { source, at, fields }
}

export function signed8(table: Table, field: number): number | undefined {
  const at = table.fields[field] ?? 0
  return at === 0 ? undefined : exactly(table.source, at, 1, 'a number').readInt8()
}

export function unsigned32(table: Table, field: number): number | undefined {
  const at = table.fields[field] ?? 0
  return at === 0 ? undefined : unsigned(table.source, at)
}

export function unsigned64(table: Table, field: number): bigint | undefined {
  const at = table.fields[field] ?? 0
  return at === 0 ? undefined : exactly(table.source, at, 8, 'a number').readBigUInt64LE()
}

export interface Vector {
  readonly at: number
  readonly count: number
}

/** @param itemSize  bytes of an element */
export function vector(table: Table, field: number, itemSize: number): Vector | undefined {
  const at = table.fields[field] ?? 0
  if (at === 0) return undefined
  const place = at + unsigned(table.source, at)
  const count = unsigned(table.source, place)
  if (place + 4 + count * itemSize > table.source.size)
    throw new ArtifactError('malformed', 'a list reaches beyond the end', place)
  return { at: place + 4, count }
}

const maxText = 1024 * 1024

export function text(table: Table, field: number): string | undefined {
  const found = vector(table, field, 1)
  if (found === undefined) return undefined
  if (found.count > maxText) throw new ArtifactError('over_limit', `limit reached: a text of ${found.count} bytes`)
  return exactly(table.source, found.at, found.count, 'a text').toString('utf8')
}

/** The tables that a list refers to. */
export function* tables(table: Table, field: number): Generator<Table> {
  const found = vector(table, field, 4)
  if (found === undefined) return
  for (let index = 0; index < found.count; index++) {
    const at = found.at + 4 * index
    yield tableAt(table.source, at + unsigned(table.source, at))
  }
}

export function* integers(table: Table, field: number): Generator<number> {
  const found = vector(table, field, 4)
  if (found === undefined) return
  for (let index = 0; index < found.count; index++)
    yield exactly(table.source, found.at + 4 * index, 4, 'a number').readInt32LE()
}

function unsigned(source: Source, at: number): number {
  return exactly(source, at, 4, 'an offset').readUInt32LE()
}
