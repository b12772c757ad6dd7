// The container inside the encryption: a tar archive (POSIX.1-1988 ustar) of plain files, in the narrowest form: no
// links, no folders, no extensions, no gaps. Reading is strict, since a backup may come from anywhere.

import { BackupError } from './error.ts'

export interface Member {
  readonly name: string
  readonly data: Uint8Array
}

/** Fits the largest bundle of the log (16.8 MB) and any row that is still sane. */
export const maxMemberBytes = 64 << 20
const block = 512

/** The bytes of a member. @throws BackupError `argument` when its name or its size does not fit */
export function encodeMember({ name, data }: Member): Uint8Array[] {
  if (data.length > maxMemberBytes) {
    throw new BackupError('argument', `${name} has ${data.length} bytes; a backup takes ${maxMemberBytes} at most`)
  }
  const header = Buffer.alloc(block)
  const [prefix, rest] = splitName(name)
  header.write(rest, 0, 100)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write(prefix, 345, 155)
  header.write(checksumOf(header), 148)
  return [header, data, Buffer.alloc(paddingOf(data.length))]
}

/** Two empty blocks end an archive. */
export const endOfArchive: Uint8Array = Buffer.alloc(2 * block)

/**
 * The members of an archive, in order. Every byte is accounted for: what follows the end is refused.
 *
 * @throws BackupError `damaged`
 */
export async function* readMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const reader = new BlockReader(source)
  for (;;) {
    const header = await reader.take(block)
    if (header.every((byte) => byte === 0)) break
    const { name, size } = decodeHeader(header)
    const data = await reader.take(size)
    const padding = await reader.take(paddingOf(size))
    if (padding.some((byte) => byte !== 0)) throw damaged(`there is something behind ${name}`)
    yield { name, data }
  }
  const last = await reader.take(block)
  if (last.some((byte) => byte !== 0) || !(await reader.isAtEnd())) throw damaged('there is something behind its end')
}

function decodeHeader(header: Buffer): { name: string; size: number } {
  const field = (from: number, length: number) => {
    const bytes = header.subarray(from, from + length)
    const end = bytes.indexOf(0)
    return bytes.subarray(0, end === -1 ? length : end).toString('utf8')
  }
  const checksum = header.toString('latin1', 148, 156)
  const blank = Buffer.from(header).fill(' ', 148, 156)
  if (checksum !== checksumOf(blank) || field(257, 6) !== 'ustar') throw damaged('a header is wrong')
  const prefix = field(345, 155)
  const name = prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`
  const digits = header.toString('latin1', 124, 135)
  if (header.toString('latin1', 156, 157) !== '0' || !/^[0-7]{11}$/.test(digits)) {
    throw damaged('a member is no plain file')
  }
  const size = Number.parseInt(digits, 8)
  if (size > maxMemberBytes) throw damaged(`a member says that it has ${size} bytes`)
  return { name, size }
}

/** Sum of the bytes of the header with spaces in place of the sum, as six octal digits, NUL, space. */
function checksumOf(header: Buffer): string {
  const blank = Buffer.from(header).fill(' ', 148, 156)
  const sum = blank.reduce((total, byte) => total + byte, 0)
  return `${sum.toString(8).padStart(6, '0')}\0 `
}

function splitName(name: string): [prefix: string, rest: string] {
  if (Buffer.byteLength(name) <= 100) return ['', name]
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return [prefix, rest]
  }
  throw new BackupError('argument', `the name ${name} is too long for a backup`)
}

function paddingOf(size: number): number {
  return (block - (size % block)) % block
}

function damaged(why: string): BackupError {
  return new BackupError('damaged', `the backup is not one of ours: ${why}`)
}

class BlockReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]()
  }

  async take(size: number): Promise<Buffer> {
    const parts = [this.#held]
    let length = this.#held.length
    while (length < size) {
      const { value, done } = await this.#pieces.next()
      if (done === true) throw damaged('it ends too soon')
      parts.push(Buffer.from(value))
      length += value.length
    }
    const whole = parts.length === 1 ? this.#held : Buffer.concat(parts)
    this.#held = whole.subarray(size)
    return whole.subarray(0, size)
  }

  async isAtEnd(): Promise<boolean> {
    for (;;) {
      if (this.#held.length > 0) return false
      const { value, done } = await this.#pieces.next()
      if (done === true) return true
      this.#held = Buffer.from(value)
    }
  }
}
