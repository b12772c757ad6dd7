// LZMA and LZMA2 (the LZMA specification in the LZMA SDK, lzma-specification.txt; LZMA2 as xz-file-format and
// XZ Embedded describe it). One decoder for .lzma, .xz, .7z and zip's method 14.
import { ArtifactError } from '../error.ts'
import type { Output } from './output.ts'

export interface LzmaProperties {
  readonly lc: number
  readonly lp: number
  readonly pb: number
}

/** The byte that holds all three. @throws ArtifactError `malformed` */
export function lzmaProperties(byte: number): LzmaProperties {
  if (byte >= 9 * 5 * 5) throw new ArtifactError('malformed', 'LZMA properties that do not exist')
  return { lc: byte % 9, lp: Math.floor(byte / 9) % 5, pb: Math.floor(byte / 45) }
}

/**
 * @param size  bytes that come out, or undefined when an end marker says where it stops
 * @returns how many bytes of `packed` were read
 */
export function decodeLzma(
  packed: Uint8Array,
  properties: LzmaProperties,
  size: number | undefined,
  output: Output,
  checkTime: () => void,
): number {
  const decoder = new LzmaDecoder(output, checkTime)
  decoder.setProperties(properties)
  decoder.begin(packed, 0)
  decoder.decode(size === undefined ? Number.POSITIVE_INFINITY : size)
  return decoder.at
}

/** @returns how many bytes of `packed` were read, its end mark included */
export function decodeLzma2(packed: Uint8Array, output: Output, checkTime: () => void): number {
  const decoder = new LzmaDecoder(output, checkTime)
  let needsProperties = true
  let needsDictionary = true
  let at = 0
  for (;;) {
    const control = packed[at++]
    if (control === undefined) throw cutOff()
    if (control === 0) return at
    const isReset = control === 1 || control >= 0xe0
    if (isReset) {
      decoder.startDictionary()
      needsDictionary = false
    } else if (needsDictionary) throw new ArtifactError('malformed', 'LZMA2 does not begin with a new dictionary')
    if (control < 0x80) {
      if (control > 2) throw new ArtifactError('malformed', 'an LZMA2 chunk of an unknown kind')
      const length = (((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0)) + 1
      at += 2
      if (at + length > packed.length) throw cutOff()
      output.append(packed.subarray(at, at + length))
      at += length
      continue
    }
    if (at + 4 > packed.length) throw cutOff()
    const unpackedSize = (((control & 0x1f) << 16) | ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0)) + 1
    const packedSize = (((packed[at + 2] ?? 0) << 8) | (packed[at + 3] ?? 0)) + 1
    at += 4
    if (control >= 0xc0) {
      decoder.setProperties(lzmaProperties(packed[at++] ?? 255))
      needsProperties = false
    } else if (needsProperties) throw new ArtifactError('malformed', 'LZMA2 without properties')
    else if (control >= 0xa0) decoder.resetState()
    if (at + packedSize > packed.length) throw cutOff()
    decoder.begin(packed.subarray(0, at + packedSize), at)
    decoder.decode(unpackedSize)
    at += packedSize
  }
}

const bitModelTotal = 1 << 11
const half = bitModelTotal >>> 1
const moveBits = 5
const top = 2 ** 24
const states = 12
const posStatesMax = 16
const startPosModelIndex = 4
const endPosModelIndex = 14
const fullDistances = 1 << (endPosModelIndex >>> 1)
const alignBits = 4
const matchMinLength = 2
/** Symbols between two looks at the clock. */
const timeCheckEvery = 1 << 20

class LengthCoder {
  readonly choice = probabilities(2)
  readonly low = probabilities(posStatesMax << 3)
  readonly middle = probabilities(posStatesMax << 3)
  readonly high = probabilities(256)

  reset(): void {
    for (const each of [this.choice, this.low, this.middle, this.high]) each.fill(half)
  }
}

class LzmaDecoder {
  at = 0
  private packed: Uint8Array = new Uint8Array(0)
  private range = 0
  private code = 0
  private readonly output: Output
  private readonly checkTime: () => void
  private dictionaryStart = 0
  private state = 0
  private readonly reps = new Float64Array(4)
  private lc = 0
  private literalMask = 0
  private posMask = 0
  private literals = probabilities(0x300)
  private readonly isMatch = probabilities(states << 4)
  private readonly isRep = probabilities(states)
  private readonly isRepG0 = probabilities(states)
  private readonly isRepG1 = probabilities(states)
  private readonly isRepG2 = probabilities(states)
  private readonly isRep0Long = probabilities(states << 4)
  private readonly posSlot = probabilities(4 << 6)
  private readonly posDecoders = probabilities(1 + fullDistances - endPosModelIndex)
  private readonly align = probabilities(1 << alignBits)
  private readonly lengths = new LengthCoder()
  private readonly repLengths = new LengthCoder()
  private symbols = 0

  constructor(output: Output, checkTime: () => void) {
    this.output = output
    this.checkTime = checkTime
    this.dictionaryStart = output.length
  }

  startDictionary(): void {
    this.dictionaryStart = this.output.length
  }

  setProperties({ lc, lp, pb }: LzmaProperties): void {
    this.lc = lc
    this.literalMask = (1 << lp) - 1
    this.posMask = (1 << pb) - 1
    this.literals = probabilities(0x300 << (lc + lp))
    this.resetState()
  }

  resetState(): void {
    this.state = 0
    this.reps.fill(0)
    for (const each of [
      this.literals,
      this.isMatch,
      this.isRep,
      this.isRepG0,
      this.isRepG1,
      this.isRepG2,
      this.isRep0Long,
      this.posSlot,
      this.posDecoders,
      this.align,
    ])
      each.fill(half)
    this.lengths.reset()
    this.repLengths.reset()
  }

  /** Takes the range coder's first five bytes. */
  begin(packed: Uint8Array, at: number): void {
    if (at + 5 > packed.length) throw cutOff()
    this.packed = packed
    this.range = 0xffffffff
    this.code = 0
    for (let index = 1; index < 5; index++) this.code = ((this.code << 8) | (packed[at + index] ?? 0)) >>> 0
    this.at = at + 5
  }

  /** Decodes `size` bytes, or up to the end marker. */
  decode(size: number): void {
    const { output, reps } = this
    const end = output.length + size
    while (output.length < end) {
      if ((++this.symbols & (timeCheckEvery - 1)) === 0) this.checkTime()
      const posState = (output.length - this.dictionaryStart) & this.posMask
      if (this.bit(this.isMatch, (this.state << 4) + posState) === 0) {
        this.literal()
        continue
      }
      let length: number
      if (this.bit(this.isRep, this.state) !== 0) {
        if (output.length === this.dictionaryStart)
          throw new ArtifactError('malformed', 'LZMA repeats what is not there')
        if (this.bit(this.isRepG0, this.state) === 0) {
          if (this.bit(this.isRep0Long, (this.state << 4) + posState) === 0) {
            this.state = this.state < 7 ? 9 : 11
            output.repeat((reps[0] ?? 0) + 1, 1)
            continue
          }
        } else {
          let distance: number
          if (this.bit(this.isRepG1, this.state) === 0) distance = reps[1] ?? 0
          else {
            if (this.bit(this.isRepG2, this.state) === 0) distance = reps[2] ?? 0
            else {
              distance = reps[3] ?? 0
              reps[3] = reps[2] ?? 0
            }
            reps[2] = reps[1] ?? 0
          }
          reps[1] = reps[0] ?? 0
          reps[0] = distance
        }
        length = this.length(this.repLengths, posState)
        this.state = this.state < 7 ? 8 : 11
      } else {
        reps[3] = reps[2] ?? 0
        reps[2] = reps[1] ?? 0
        reps[1] = reps[0] ?? 0
        length = this.length(this.lengths, posState)
        this.state = this.state < 7 ? 7 : 10
        reps[0] = this.distance(length)
        if (reps[0] === 0xffffffff) return
      }
      length += matchMinLength
      if ((reps[0] ?? 0) >= output.length - this.dictionaryStart)
        throw new ArtifactError('malformed', 'LZMA repeats what is not there')
      output.repeat((reps[0] ?? 0) + 1, Math.min(length, end - output.length))
    }
  }

  private literal(): void {
    const { output } = this
    const position = output.length - this.dictionaryStart
    const before = position === 0 ? 0 : (output.bytes[output.length - 1] ?? 0)
    const base = 0x300 * (((position & this.literalMask) << this.lc) + (before >>> (8 - this.lc)))
    let symbol = 1
    if (this.state >= 7) {
      let match = output.bytes[output.length - (this.reps[0] ?? 0) - 1] ?? 0
      do {
        const matchBit = (match >>> 7) & 1
        match <<= 1
        const found = this.bit(this.literals, base + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | found
        if (matchBit !== found) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bit(this.literals, base + symbol)
    output.push(symbol & 0xff)
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6
  }

  private length(coder: LengthCoder, posState: number): number {
    if (this.bit(coder.choice, 0) === 0) return this.tree(coder.low, posState << 3, 3)
    if (this.bit(coder.choice, 1) === 0) return 8 + this.tree(coder.middle, posState << 3, 3)
    return 16 + this.tree(coder.high, 0, 8)
  }

  private distance(length: number): number {
    const slot = this.tree(this.posSlot, Math.min(length, 3) << 6, 6)
    if (slot < startPosModelIndex) return slot
    const bits = (slot >>> 1) - 1
    const base = ((2 | (slot & 1)) << bits) >>> 0
    if (slot < endPosModelIndex) return base + this.reverseTree(this.posDecoders, base - slot, bits)
    const high = this.direct(bits - alignBits) * 2 ** alignBits
    return base + high + this.reverseTree(this.align, 0, alignBits)
  }

  private tree(probs: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    for (let index = 0; index < bits; index++) symbol = (symbol << 1) | this.bit(probs, base + symbol)
    return symbol - (1 << bits)
  }

  private reverseTree(probs: Uint16Array, base: number, bits: number): number {
    let symbol = 1
    let result = 0
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(probs, base + symbol)
      symbol = (symbol << 1) | bit
      result |= bit << index
    }
    return result
  }

  private direct(bits: number): number {
    let result = 0
    for (let index = 0; index < bits; index++) {
      this.range >>>= 1
      const isSet = this.code >= this.range
      if (isSet) this.code -= this.range
      this.normalize()
      result = result * 2 + (isSet ? 1 : 0)
    }
    return result
  }

  private bit(probs: Uint16Array, index: number): 0 | 1 {
    const probability = probs[index] ?? half
    const bound = (this.range >>> 11) * probability
    let found: 0 | 1 = 0
    if (this.code < bound) {
      this.range = bound
      probs[index] = probability + ((bitModelTotal - probability) >>> moveBits)
    } else {
      this.range -= bound
      this.code -= bound
      probs[index] = probability - (probability >>> moveBits)
      found = 1
    }
    if (this.range < top) this.normalize()
    return found
  }

  private normalize(): void {
    if (this.range >= top) return
    if (this.at >= this.packed.length) throw cutOff()
    this.range = (this.range << 8) >>> 0
    this.code = ((this.code << 8) | (this.packed[this.at++] ?? 0)) >>> 0
  }
}

function probabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(half)
}

function cutOff(): ArtifactError {
  return new ArtifactError('malformed', 'the LZMA data breaks off')
}
