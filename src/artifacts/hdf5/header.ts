// Object headers (specification, section IV.A): the messages that make up a group, a data set or a named type.
import { ArtifactError } from '../error.ts'
import { lookup3 } from './checksum.ts'
import { bytesAt, expectSignature, type Hdf5File, numberAt } from './file.ts'

export interface HeaderMessage {
  readonly type: number
  readonly body: Buffer
  /** Of the body, from the signature. */
  readonly address: number
  /** The body says only where the message is. */
  readonly isShared: boolean
}

export const messageType = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  sharedTable: 0x0f,
  continuation: 0x10,
  symbolTable: 0x11,
  driver: 0x14,
  attributeInfo: 0x15,
} as const

const maxMessages = 200_000
const maxBlocks = 10_000

/**
 * All messages of an object, through all continuations.
 *
 * @param address  of the header
 * @throws ArtifactError `malformed`, `over_limit`
 */
export function messagesOf(file: Hdf5File, address: number): readonly HeaderMessage[] {
  const first = bytesAt(file, address, 16, 'an object header')
  const isNew = first.toString('latin1', 0, 4) === 'OHDR'
  const flags = isNew ? (first[5] ?? 0) : 0
  if (!isNew && first[0] !== 1) throw new ArtifactError('malformed', 'no object header', address)
  const messages: HeaderMessage[] = []
  const blocks = [isNew ? newBlock(file, address, flags) : oldBlock(file, address, first)]
  const seen = new Set([address])
  for (let index = 0; index < blocks.length; index++) {
    const block = blocks[index]
    if (block === undefined) break
    file.budget.checkTime()
    for (const message of messagesIn(block, isNew, flags)) {
      if (messages.push(message) > maxMessages)
        throw new ArtifactError('over_limit', 'limit reached: messages', address)
      if (message.type !== messageType.continuation) continue
      const next = numberAt(message.body, 0, file.addressSize)
      const length = numberAt(message.body, file.addressSize, file.lengthSize)
      if (seen.has(next)) throw new ArtifactError('malformed', 'an object header continues in itself', next)
      if (blocks.length >= maxBlocks) throw new ArtifactError('over_limit', 'limit reached: continuations', address)
      seen.add(next)
      blocks.push(
        isNew ? continuation(file, next, length) : { bytes: bytesAt(file, next, length, continued), address: next },
      )
    }
  }
  return messages
}

const continued = 'the continuation of an object header'

interface Block {
  readonly bytes: Buffer
  readonly address: number
}

function oldBlock(file: Hdf5File, address: number, first: Buffer): Block {
  return { bytes: bytesAt(file, address + 16, first.readUInt32LE(8), 'an object header'), address: address + 16 }
}

/** Version 2: optional times and limits, then a length of 1 to 8 bytes, messages, and a checksum. */
function newBlock(file: Hdf5File, address: number, flags: number): Block {
  const start = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0)
  const width = 1 << (flags & 3)
  const length = numberAt(bytesAt(file, address, start + width, 'an object header'), start, width)
  const whole = bytesAt(file, address, start + width + length + 4, 'an object header')
  checked(file, whole, 'an object header', address)
  return { bytes: whole.subarray(start + width, -4), address: address + start + width }
}

function continuation(file: Hdf5File, address: number, length: number): Block {
  if (length < 8) throw new ArtifactError('malformed', `${continued} is too short`, address)
  const whole = bytesAt(file, address, length, continued)
  expectSignature(whole, 'OCHK', address)
  checked(file, whole, continued, address)
  return { bytes: whole.subarray(4, -4), address: address + 4 }
}

/** The last four bytes are the checksum of what comes before. */
export function checked(file: Hdf5File, whole: Buffer, what: string, address: number): void {
  if (lookup3(whole.subarray(0, -4)) !== whole.readUInt32LE(whole.length - 4)) file.onWrongChecksum(what, address)
}

function* messagesIn({ bytes, address }: Block, isNew: boolean, flags: number): Generator<HeaderMessage> {
  const prefix = isNew ? (flags & 4 ? 6 : 4) : 8
  for (let at = 0; at + prefix <= bytes.length; ) {
    const type = isNew ? (bytes[at] ?? 0) : bytes.readUInt16LE(at)
    const size = bytes.readUInt16LE(at + (isNew ? 1 : 2))
    const messageFlags = bytes[at + (isNew ? 3 : 4)] ?? 0
    const start = at + prefix
    if (start + size > bytes.length)
      throw new ArtifactError('malformed', 'a message reaches beyond its header', address + at)
    const body = bytes.subarray(start, start + size)
    yield { type, body, address: address + start, isShared: (messageFlags & 2) !== 0 }
    at = start + size
  }
}
