// The numbers and bytes of an R serialisation, in each of its three forms: big-endian, the writer's own, and text.
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'

export interface Input {
  readonly offset: number
  integer(): number
  /** A length, of 32 or of 64 bits; -1 for the text NA counts as 0. */
  length(): number
  skipIntegers(count: number): void
  skipReals(count: number): void
  /** `length` bytes of a text, or -1. */
  skipText(length: number): void
  skipRaw(count: number): void
}

const windowLength = 1024 * 1024

export function binaryInput(source: Source, from: number, isBigEndian: boolean): Input {
  let at = from
  let start = 0
  let window: Buffer = Buffer.alloc(0)

  function integer(): number {
    if (at < start || at + 4 > start + window.length) {
      start = at
      window = exactly(source, at, Math.max(4, Math.min(windowLength, source.size - at)), 'a number')
    }
    at += 4
    return isBigEndian ? window.readInt32BE(at - 4 - start) : window.readInt32LE(at - 4 - start)
  }

  function length(): number {
    const count = integer()
    if (count >= 0) return count
    if (count !== -1) throw new ArtifactError('malformed', 'a negative length', at - 4)
    return -1
  }

  function longLength(): number {
    const count = length()
    return count < 0 ? 0 : count
  }

  function skip(count: number): void {
    if (!(count >= 0 && count <= source.size - at))
      throw new ArtifactError('malformed', 'the file ends within an object', at)
    at += count
  }

  return {
    get offset() {
      return at
    },
    integer,
    length: longLength,
    skipIntegers: (count) => skip(4 * count),
    skipReals: (count) => skip(8 * count),
    skipText: skip,
    skipRaw: skip,
  }
}

export function textInput(source: Source, from: number): Input {
  let at = from

  function line(): string {
    const bytes = Buffer.from(source.read(at, 65_536))
    const end = bytes.indexOf(0x0a)
    if (end < 0) throw new ArtifactError('malformed', 'the file ends within an object', at)
    at += end + 1
    return bytes.toString('latin1', 0, end)
  }

  function integer(): number {
    const text = line()
    if (text === 'NA') return -(2 ** 31)
    if (!/^-?\d{1,10}$/.test(text)) throw new ArtifactError('malformed', 'a number is missing', at)
    return Number(text)
  }

  function lines(count: number): void {
    for (let index = 0; index < count; index++) line()
  }

  return {
    get offset() {
      return at
    },
    integer,
    length: () => Math.max(0, integer()),
    skipIntegers: lines,
    skipReals: lines,
    skipText: () => lines(1),
    skipRaw: lines,
  }
}
