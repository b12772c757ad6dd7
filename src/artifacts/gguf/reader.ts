// The header of a GGUF file (ggml-org/ggml, docs/gguf.md): key-value pairs and the list of tensors. Every count and
// length is held against the bytes that are left before anything is done with it.
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'

export interface GgufText {
  readonly key: string
  readonly offset: number
  readonly length: number
}

export interface GgufTensor {
  readonly name: string
  readonly dimensions: readonly bigint[]
  readonly type: number
  readonly dataOffset: bigint
  readonly offset: number
}

export interface GgufHeader {
  readonly version: number
  readonly keys: readonly { readonly name: string; readonly offset: number }[]
  /** Values that are texts, alone or in an array. */
  readonly texts: readonly GgufText[]
  readonly tensors: readonly GgufTensor[]
  /** Of the tensors' data, in bytes; what `general.alignment` says, or 32. */
  readonly alignment: number
  /** Behind the last tensor's description, before the alignment. */
  readonly end: number
}

/** A length or a count that the bytes cannot hold: a reader that believes it allocates, or reads beyond its buffer. */
export class GgufLie extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

const sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
const textType = 8
const arrayType = 9
const windowLength = 1024 * 1024
const maxTexts = 2_000_000

/** @throws GgufLie; ArtifactError `unsupported`, `over_limit` */
export function readGguf(source: Source, checkTime: () => void): GgufHeader {
  let at = 8
  let windowStart = 0
  let window: Buffer = Buffer.alloc(0)
  // Files for big-endian machines say so by their version alone.
  const written = exactly(source, 4, 4, 'the version')
  const isBigEndian = written.readUInt32LE(0) > 0xffff
  const version = isBigEndian ? written.readUInt32BE(0) : written.readUInt32LE(0)
  if (version < 1 || version > 3) throw new ArtifactError('unsupported', `version ${version} of the format`, 4)
  const tensorCount = count('tensors', version === 1 ? 16 : 24)
  const keyCount = count('key-value pairs', version === 1 ? 9 : 13)
  const keys: { name: string; offset: number }[] = []
  const texts: GgufText[] = []
  let alignment = 32
  for (let index = 0; index < keyCount; index++) {
    checkTime()
    const offset = at
    const name = text('a key')
    keys.push({ name, offset })
    const type = word()
    if (name === 'general.alignment' && type === 4) alignment = word()
    else value(name, type, 0)
  }
  const tensors: GgufTensor[] = []
  for (let index = 0; index < tensorCount; index++) {
    if ((index & 1023) === 0) checkTime()
    tensors.push(tensor())
  }
  return { version, keys, texts, tensors, alignment, end: at }

  function tensor(): GgufTensor {
    const offset = at
    const name = text("a tensor's name")
    const dimensionCount = word()
    if (dimensionCount > 8) throw new GgufLie(`A tensor of ${dimensionCount} dimensions is described.`, offset)
    const dimensions = Array.from({ length: dimensionCount }, () => (version === 1 ? BigInt(word()) : long()))
    return { name, dimensions, type: word(), dataOffset: long(), offset }
  }

  function value(key: string, type: number, depth: number): void {
    if (type === textType) {
      const length = lengthOf('a text')
      if (texts.length < maxTexts) texts.push({ key, offset: at, length })
      skip(length, 'a text')
    } else if (type === arrayType) array(key, depth)
    else {
      const size = sizes[type]
      if (size === undefined) throw new GgufLie(`A value of the type ${type} is there, which does not exist.`, at)
      skip(size, 'a value')
    }
  }

  function array(key: string, depth: number): void {
    if (depth > 8) throw new GgufLie('Arrays are nested more than eight deep.', at)
    const type = word()
    const place = at
    const length = version === 1 ? word() : whole(long(), 'an array', place)
    const least = type === textType ? (version === 1 ? 4 : 8) : type === arrayType ? 12 : (sizes[type] ?? 0)
    if (least === 0) throw new GgufLie(`An array of the type ${type} is there, which does not exist.`, place)
    if (length > (source.size - at) / least)
      throw new GgufLie(`An array of ${length} items is announced, more than the file can hold.`, place)
    if (type !== textType && type !== arrayType) {
      skip(length * least, 'an array')
      return
    }
    for (let index = 0; index < length; index++) {
      if ((index & 0xffff) === 0) checkTime()
      value(key, type, depth + 1)
    }
  }

  function count(what: string, leastBytes: number): number {
    const place = at
    const number = version === 1 ? BigInt(word()) : long()
    if (number > BigInt(Math.floor(source.size / leastBytes)))
      throw new GgufLie(`${number} ${what} are announced, more than the file can hold.`, place)
    return Number(number)
  }

  function text(what: string): string {
    const place = at
    const length = lengthOf(what)
    if (length > 65_536) throw new GgufLie(`The length of ${what} is ${length}.`, place)
    return bytes(length, what).toString('utf8')
  }

  function lengthOf(what: string): number {
    const place = at
    const length = version === 1 ? word() : whole(long(), what, place)
    if (length > source.size - at)
      throw new GgufLie(`The length of ${what} is ${length}, more than the file holds.`, place)
    return length
  }

  function whole(number: bigint, what: string, place: number): number {
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new GgufLie(`The length of ${what} is ${number}.`, place)
    return Number(number)
  }

  function word(): number {
    const number = bytes(4, 'a number')
    return isBigEndian ? number.readUInt32BE(0) : number.readUInt32LE(0)
  }

  function long(): bigint {
    const number = bytes(8, 'a number')
    return isBigEndian ? number.readBigUInt64BE(0) : number.readBigUInt64LE(0)
  }

  function skip(length: number, what: string): void {
    if (length > source.size - at) throw new GgufLie(`The file ends within ${what}.`, at)
    at += length
  }

  function bytes(length: number, what: string): Buffer {
    const from = at
    skip(length, what)
    if (from < windowStart || at > windowStart + window.length) {
      windowStart = from
      window = exactly(source, from, Math.min(Math.max(length, windowLength), source.size - from), what)
    }
    return window.subarray(from - windowStart, at - windowStart)
  }
}
