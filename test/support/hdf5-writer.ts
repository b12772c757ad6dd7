// Writes small HDF5 files of the newer kind (superblock 2, object headers 2), for tests.
import { lookup3 } from '../../src/artifacts/hdf5/checksum.ts'

type Message = readonly [type: number, body: Buffer]

export class Hdf5Writer {
  readonly #parts: Buffer[] = [Buffer.alloc(48)]
  #length = 48

  group(links: readonly Message[], attributes: readonly Message[] = []): number {
    const none = Buffer.concat([Buffer.from([0, 0]), Buffer.alloc(16, 0xff)])
    return this.#header([[0x02, none], [0x0a, Buffer.from([0, 0])], ...links, ...attributes])
  }

  /** Of 32-bit floating-point numbers. */
  dataset(dimensions: readonly number[], data: Buffer, more: readonly Message[] = []): number {
    const address = this.#append(data)
    const space = Buffer.concat([
      Buffer.from([2, dimensions.length, 0, 1]),
      ...dimensions.map((each) => number64(each)),
    ])
    const type = Buffer.from('1120 1f00 0400 0000 0000 2000 1708 0017 7f00 0000'.replaceAll(' ', ''), 'hex')
    const layout = Buffer.concat([Buffer.from([3, 1]), number64(address), number64(data.length)])
    return this.#header([[0x01, space], [0x03, type], [0x08, layout], ...more])
  }

  hardLink(name: string, address: number): Message {
    return this.link(name, 0, number64(address))
  }

  externalLink(name: string, file: string, target: string): Message {
    const value = Buffer.from(`\0${file}\0${target}\0`)
    return this.link(name, 64, Buffer.concat([number16(value.length), value]))
  }

  link(name: string, type: number, value: Buffer): Message {
    return [0x06, Buffer.concat([Buffer.from([1, 0x18, type, 1, name.length]), Buffer.from(name), value])]
  }

  textAttribute(name: string, value: string | Buffer): Message {
    const bytes = Buffer.from(value)
    const type = Buffer.from([0x13, 1, 0, 0, 0, 0, 0, 0])
    type.writeUInt32LE(bytes.length, 4)
    const label = Buffer.from(`${name}\0`)
    const sizes = [label.length, type.length, 4].map(number16)
    const head = Buffer.from([3, 0])
    return [0x0c, Buffer.concat([head, ...sizes, Buffer.from([0]), label, type, Buffer.from([2, 0, 0, 0]), bytes])]
  }

  /** @param userBlock  bytes that will stand before the file */
  finish(root: number, userBlock = 0): Buffer {
    const body = Buffer.concat(this.#parts)
    const start = Buffer.concat([
      Buffer.from('\x89HDF\r\n\x1a\n\x02\x08\x08\x00', 'latin1'),
      number64(userBlock),
      Buffer.alloc(8, 0xff),
      number64(userBlock + body.length),
      number64(root),
    ])
    start.copy(body)
    body.writeUInt32LE(lookup3(start), 44)
    return body
  }

  #header(messages: readonly Message[]): number {
    const bodies = messages.map(([type, body]) =>
      Buffer.concat([Buffer.from([type]), number16(body.length), Buffer.from([0]), body]),
    )
    const all = Buffer.concat(bodies)
    const head = Buffer.concat([Buffer.from('OHDR\x02\x02', 'latin1'), Buffer.alloc(4), all])
    head.writeUInt32LE(all.length, 6)
    const sum = Buffer.alloc(4)
    sum.writeUInt32LE(lookup3(head))
    return this.#append(Buffer.concat([head, sum]))
  }

  #append(bytes: Buffer): number {
    const address = this.#length
    const padded = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
    this.#parts.push(padded)
    this.#length += padded.length
    return address
  }
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
