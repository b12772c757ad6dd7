// The filters that xz and 7z put in front of LZMA: differences between bytes, and jump targets of machine code written
// as absolute addresses (BCJ), here undone.
import { ArtifactError } from '../error.ts'

export interface Filter {
  /** As xz numbers them: 3 delta, 4 x86, 5 PowerPC, 7 ARM, 8 ARM Thumb, 9 SPARC. */
  readonly id: number
  readonly properties: Uint8Array
}

/** In place, the last filter first. @throws ArtifactError `unsupported` */
export function undoFilters(bytes: Uint8Array, filters: readonly Filter[]): void {
  for (const { id, properties } of filters.toReversed()) {
    if (id === 3) delta(bytes, (properties[0] ?? 0) + 1)
    else if (id === 4) x86(bytes)
    else {
      const undo = fourBytes.get(id)
      if (undo === undefined) throw new ArtifactError('unsupported', `the filter ${id} of xz or 7z is not read here`)
      undo(bytes, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    }
  }
}

function delta(bytes: Uint8Array, distance: number): void {
  for (let at = distance; at < bytes.length; at++) bytes[at] = ((bytes[at] ?? 0) + (bytes[at - distance] ?? 0)) & 0xff
}

const fourBytes = new Map<number, (bytes: Uint8Array, view: Buffer) => void>([
  [5, powerPc],
  [7, arm],
  [9, sparc],
])

function powerPc(bytes: Uint8Array, view: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = view.readUInt32BE(at)
    if ((word & 0xfc000003) >>> 0 === 0x48000001)
      view.writeUInt32BE((0x48000001 | ((word - at) & 0x03fffffc)) >>> 0, at)
  }
}

function arm(bytes: Uint8Array, view: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4)
    if (bytes[at + 3] === 0xeb) {
      const target = ((view.readUIntLE(at, 3) << 2) - (at + 8)) >>> 2
      view.writeUIntLE(target & 0xffffff, at, 3)
    }
}

function sparc(bytes: Uint8Array, view: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = view.readUInt32BE(at)
    const isCall = word >>> 22 === 0x100 || word >>> 22 === 0x1ff
    if (!isCall) continue
    const target = (((word << 2) >>> 0) - at) >>> 2
    view.writeUInt32BE(
      ((((0 - ((target >>> 22) & 1)) << 22) & 0x3fffffff) | (target & 0x3fffff) | 0x40000000) >>> 0,
      at,
    )
  }
}

/** E8 and E9: call and jump, each with a target of 32 bits whose highest byte is all zeros or all ones. */
function x86(bytes: Uint8Array): void {
  const allowed = [true, true, true, false, true, false, false, false]
  const bitNumber = [0, 1, 2, 2, 3, 3, 3, 3]
  const isEdge = (byte: number | undefined) => byte === 0 || byte === 0xff
  let mask = 0
  let last = -1
  for (let at = 0; at + 5 <= bytes.length; ) {
    if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) {
      at++
      continue
    }
    const gap = at - last
    last = at
    if (gap > 3) mask = 0
    else {
      mask = (mask << (gap - 1)) & 7
      if (mask !== 0) {
        const byte = bytes[at + 4 - (bitNumber[mask] ?? 0)]
        if (allowed[mask] !== true || isEdge(byte)) {
          mask = ((mask << 1) | 1) & 7
          at++
          continue
        }
      }
    }
    if (!isEdge(bytes[at + 4])) {
      mask = ((mask << 1) | 1) & 7
      at++
      continue
    }
    let source =
      ((bytes[at + 1] ?? 0) |
        ((bytes[at + 2] ?? 0) << 8) |
        ((bytes[at + 3] ?? 0) << 16) |
        ((bytes[at + 4] ?? 0) << 24)) >>>
      0
    let target: number
    for (;;) {
      target = (source - (at + 5)) >>> 0
      if (mask === 0) break
      const shift = (bitNumber[mask] ?? 0) * 8
      if (!isEdge((target >>> (24 - shift)) & 0xff)) break
      source = (target ^ (2 ** (32 - shift) - 1)) >>> 0
    }
    bytes[at + 1] = target & 0xff
    bytes[at + 2] = (target >>> 8) & 0xff
    bytes[at + 3] = (target >>> 16) & 0xff
    bytes[at + 4] = (target >>> 24) & 1 ? 0xff : 0
    mask = 0
    at += 5
    last = at - 1
  }
}
