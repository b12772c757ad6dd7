// The outermost structure of an HDF5 file (HDF5 File Format Specification 3.0, section II): where it begins, how wide
// its addresses and lengths are, and where its root group is. Addresses count from the signature.
import type { Budget } from '../budget.ts'
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'
import { lookup3 } from './checksum.ts'

export interface Hdf5File {
  readonly source: Source
  readonly budget: Budget
  /** Of the signature in the source; what lies before is the user block. */
  readonly base: number
  /** Of the first byte behind the file, in the source. */
  readonly end: number
  /** Bytes of an address and of a length: 2, 4 or 8. */
  readonly addressSize: number
  readonly lengthSize: number
  readonly root: RootGroup
  /** Object header with what concerns the whole file, where there is one. */
  readonly extension: number | undefined
  /** A structure whose checksum is wrong: HDF5 refuses it. */
  readonly onWrongChecksum: (what: string, address: number) => void
}

export interface RootGroup {
  readonly header: number
}

const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')

/** The places where the library looks for the signature: 0, 512, 1024, 2048, … @returns undefined when it is nowhere */
export function signatureOf(source: Source): number | undefined {
  for (let place = 0; place + 8 <= source.size; place = place === 0 ? 512 : place * 2)
    if (signature.equals(source.read(place, 8))) return place
  return undefined
}

/** @throws ArtifactError `malformed`, `unsupported` */
export function openHdf5(source: Source, budget: Budget, onWrongChecksum: Hdf5File['onWrongChecksum']): Hdf5File {
  const base = signatureOf(source)
  if (base === undefined) throw new ArtifactError('malformed', 'not HDF5: no signature')
  const version = exactly(source, base + 8, 1, 'the superblock')[0] ?? 0
  if (version > 3) throw new ArtifactError('unsupported', `a superblock of version ${version}`, base + 8)
  const isOld = version < 2
  const [addressSize = 0, lengthSize = 0] = exactly(source, base + (isOld ? 13 : 9), 2, 'the superblock')
  for (const size of [addressSize, lengthSize])
    if (size !== 2 && size !== 4 && size !== 8) throw new ArtifactError('malformed', `addresses of ${size} bytes`, base)
  const start = base + (isOld ? (version === 1 ? 28 : 24) : 12)
  const words = exactly(source, start, addressSize * 6, 'the superblock')
  const address = (index: number) => unsigned(words, index * addressSize, addressSize)
  const storedBase = address(0) ?? 0
  // Old: base, free space, end, driver, then the root group's entry. New: base, extension, end, root group.
  const end = address(2)
  const header = address(isOld ? 5 : 3)
  if (header === undefined || end === undefined) throw new ArtifactError('malformed', 'no root group', base)
  if (!isOld) {
    const body = exactly(source, base, 12 + 4 * addressSize, 'the superblock')
    const sum = exactly(source, base + body.length, 4, 'the superblock').readUInt32LE()
    if (lookup3(body) !== sum) onWrongChecksum('the superblock', 0)
  }
  // The library moves the end along when the file was put behind something else.
  const moved = end + (base - storedBase)
  if (moved > source.size)
    throw new ArtifactError('malformed', `the file is cut off: it should end at ${moved}`, source.size)
  const extension = isOld ? undefined : address(1)
  return { source, budget, base, end: moved, addressSize, lengthSize, root: { header }, extension, onWrongChecksum }
}

/** Bytes at an address. @throws ArtifactError `malformed` when they are not all there */
export function bytesAt({ source, base }: Hdf5File, address: number, length: number, what: string): Buffer {
  return exactly(source, base + address, length, what)
}

/**
 * An unsigned number of 1 to 8 bytes.
 *
 * @returns undefined when all bits are set, which means "nowhere"
 * @throws ArtifactError `malformed` beyond 2^53
 */
export function unsigned(bytes: Buffer, at: number, size: number): number | undefined {
  if (at < 0 || at + size > bytes.length) throw new ArtifactError('malformed', 'a number is cut off')
  if (size <= 6) {
    const value = size === 0 ? 0 : bytes.readUIntLE(at, size)
    return size >= 2 && value === 2 ** (8 * size) - 1 ? undefined : value
  }
  let value = 0n
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[at + index] ?? 0)
  if (value === (1n << BigInt(8 * size)) - 1n) return undefined
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ArtifactError('malformed', 'a number beyond any file')
  return Number(value)
}

/** As `unsigned`, where there must be one. */
export function numberAt(bytes: Buffer, at: number, size: number): number {
  const value = unsigned(bytes, at, size)
  if (value === undefined) throw new ArtifactError('malformed', 'an address or a length is undefined')
  return value
}

/** Checks the signature of a structure. @throws ArtifactError `malformed` */
export function expectSignature(bytes: Buffer, text: string, address: number): void {
  if (bytes.toString('latin1', 0, text.length) !== text)
    throw new ArtifactError('malformed', `no ${text} where one should be`, address)
}

/** Text up to a zero byte. */
export function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('utf8', at, end < 0 ? bytes.length : end)
}
