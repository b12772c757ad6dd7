// bzip2, as bzip2 1.0.8 reads it. Checksums are not verified: what comes out is judged whatever they say.
import { ArtifactError } from '../error.ts'
import type { Output } from './output.ts'

const blockMagic = 0x314159265359
const endMagic = 0x177245385090
const maxCodeLength = 20
const groupSize = 50

/** Every stream of the file, one after the other. @returns where the last one ends */
export function decodeBzip2(packed: Uint8Array, output: Output, checkTime: () => void): number {
  const bits = new Bits(packed)
  do {
    if (bits.take(24) !== 0x425a68) throw malformed('no beginning of a stream')
    const level = bits.take(8) - 0x30
    if (level < 1 || level > 9) throw malformed('a block size that does not exist')
    stream(bits, level * 100_000, output, checkTime)
    bits.align()
  } while (packed[bits.at] === 0x42 && packed[bits.at + 1] === 0x5a && packed[bits.at + 2] === 0x68)
  return bits.at
}

function stream(bits: Bits, blockSize: number, output: Output, checkTime: () => void): void {
  const block = new Uint32Array(blockSize)
  for (;;) {
    const magic = bits.take(24) * 2 ** 24 + bits.take(24)
    bits.take(24)
    bits.take(8)
    if (magic === endMagic) return
    if (magic !== blockMagic) throw malformed('no block')
    checkTime()
    if (bits.take(1) === 1) throw new ArtifactError('unsupported', 'bzip2 with randomised blocks is not read here')
    const start = bits.take(24)
    const length = symbols(bits, block)
    if (start >= length) throw malformed('a block that begins behind its end')
    write(block, start, length, output)
  }
}

/** Huffman codes, runs of zeros and move-to-front. @returns the bytes of the block, which lie in the low eight bits */
function symbols(bits: Bits, block: Uint32Array): number {
  const used = usedBytes(bits)
  const alphabet = used.length + 2
  const groups = bits.take(3)
  const selectorCount = bits.take(15)
  if (groups < 2 || groups > 6 || selectorCount < 1) throw malformed('impossible tables')
  const order = [0, 1, 2, 3, 4, 5].slice(0, groups)
  const selectors = new Uint8Array(selectorCount)
  for (let index = 0; index < selectorCount; index++) {
    let place = 0
    while (bits.take(1) === 1) if (++place >= groups) throw malformed('a table that does not exist')
    const [table = 0] = order.splice(place, 1)
    order.unshift(table)
    selectors[index] = table
  }
  const tables = Array.from({ length: groups }, () => table(bits, alphabet))
  const end = alphabet - 1
  const recent = Uint8Array.from(used)
  let length = 0
  let run = 0
  let weight = 1
  for (let group = 0; ; group++) {
    const current = tables[selectors[group] ?? -1]
    if (current === undefined || group >= selectorCount) throw malformed('it breaks off')
    for (let count = 0; count < groupSize; count++) {
      const symbol = current.next(bits)
      if (symbol < 2) {
        run += weight << symbol
        weight <<= 1
        if (run > block.length) throw malformed('a run longer than a block')
        continue
      }
      if (run > 0) {
        if (length + run > block.length) throw malformed('more bytes than a block holds')
        block.fill(recent[0] ?? 0, length, length + run)
        length += run
        run = 0
        weight = 1
      }
      if (symbol === end) return length
      if (length >= block.length) throw malformed('more bytes than a block holds')
      const place = symbol - 1
      const byte = recent[place] ?? 0
      recent.copyWithin(1, 0, place)
      recent[0] = byte
      block[length++] = byte
    }
  }
}

function usedBytes(bits: Bits): number[] {
  const ranges = bits.take(16)
  const used: number[] = []
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >>> range)) === 0) continue
    const members = bits.take(16)
    for (let member = 0; member < 16; member++) if (members & (0x8000 >>> member)) used.push(range * 16 + member)
  }
  if (used.length === 0) throw malformed('a block without bytes')
  return used
}

/** A canonical Huffman code out of lengths that are written as differences. */
function table(bits: Bits, alphabet: number) {
  const lengths = new Uint8Array(alphabet)
  let length = bits.take(5)
  for (let symbol = 0; symbol < alphabet; symbol++) {
    for (;;) {
      if (length < 1 || length > maxCodeLength) throw malformed('a code of an impossible length')
      if (bits.take(1) === 0) break
      length += bits.take(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  const sorted: number[] = []
  const counts = new Uint32Array(maxCodeLength + 2)
  for (let wanted = 1; wanted <= maxCodeLength; wanted++)
    for (let symbol = 0; symbol < alphabet; symbol++)
      if (lengths[symbol] === wanted) {
        sorted.push(symbol)
        counts[wanted] = (counts[wanted] ?? 0) + 1
      }
  return {
    next(from: Bits): number {
      let code = 0
      let first = 0
      let index = 0
      for (let size = 1; size <= maxCodeLength; size++) {
        code |= from.take(1)
        const count = counts[size] ?? 0
        if (code - first < count) return sorted[index + code - first] ?? 0
        index += count
        first = (first + count) << 1
        code <<= 1
      }
      throw malformed('a code that does not exist')
    },
  }
}

/** The inverse of the Burrows-Wheeler transform, then runs of four and more. */
function write(block: Uint32Array, start: number, length: number, output: Output): void {
  const starts = new Uint32Array(256)
  for (let index = 0; index < length; index++) {
    const byte = (block[index] ?? 0) & 0xff
    starts[byte] = (starts[byte] ?? 0) + 1
  }
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = starts[byte] ?? 0
    starts[byte] = sum
    sum += count
  }
  for (let index = 0; index < length; index++) {
    const byte = (block[index] ?? 0) & 0xff
    const place = starts[byte] ?? 0
    starts[byte] = place + 1
    block[place] = ((block[place] ?? 0) | (index << 8)) >>> 0
  }
  let at = (block[start] ?? 0) >>> 8
  let same = 0
  let last = -1
  for (let index = 0; index < length; index++) {
    const entry = block[at] ?? 0
    const byte = entry & 0xff
    at = entry >>> 8
    if (same === 4) {
      for (let count = byte; count > 0; count--) output.push(last)
      same = 0
      last = -1
      continue
    }
    same = byte === last ? same + 1 : 1
    last = byte
    output.push(byte)
  }
}

class Bits {
  at = 0
  private readonly bytes: Uint8Array
  private held = 0
  private count = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** At most 24 bits, the first the highest. */
  take(wanted: number): number {
    while (this.count < wanted) {
      if (this.at >= this.bytes.length) throw malformed('it breaks off')
      this.held = ((this.held << 8) | (this.bytes[this.at++] ?? 0)) >>> 0
      this.count += 8
    }
    this.count -= wanted
    return (this.held >>> this.count) & ((1 << wanted) - 1)
  }

  align(): void {
    this.count = 0
  }
}

function malformed(what: string): ArtifactError {
  return new ArtifactError('malformed', `the bzip2 data is damaged: ${what}`)
}
