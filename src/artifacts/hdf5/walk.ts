// Every object of an HDF5 file that can be reached from the root group: groups, data sets, named types, and what hangs
// on them. Links may form circles; each object is seen once.
import { ArtifactError } from '../error.ts'
import { bytesAt, expectSignature, type Hdf5File, numberAt, unsigned } from './file.ts'
import { fractalHeap } from './fractal-heap.ts'
import { type HeaderMessage, messagesOf, messageType } from './header.ts'
import { localHeap } from './heaps.ts'
import { type Attribute, type Link, readAttribute, readLink } from './messages.ts'
import { leavesOf, recordsOf } from './trees.ts'

export interface Hdf5Object {
  readonly path: string
  readonly address: number
  readonly messages: readonly HeaderMessage[]
  readonly attributes: readonly { readonly attribute: Attribute; readonly address: number }[]
}

export interface Visitor {
  object(object: Hdf5Object): void
  link(path: string, link: Link): void
  /** A part that cannot be read, while the rest can. */
  unread(reason: string, address: number): void
}

export function walk(file: Hdf5File, visitor: Visitor): void {
  const seen = new Set<number>()
  const pending = [{ path: '', address: file.root.header }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, address } = next
    if (seen.has(address)) continue
    seen.add(address)
    file.budget.spendEntry()
    file.budget.checkTime()
    const shown = path === '' ? '/' : path
    attempt(address, () => {
      const messages = messagesOf(file, address)
      visitor.object({ path: shown, address, messages, attributes: attributesOf(messages) })
      for (const link of linksOf(messages)) {
        const below = `${path}/${link.name}`
        visitor.link(below, link)
        if (link.kind === 'hard') pending.push({ path: below, address: link.address })
      }
    })
  }

  /** A damaged part must not hide the others. */
  function attempt(address: number, read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code === 'over_limit') throw error
      visitor.unread(error.message, address)
    }
  }

  function attributesOf(messages: readonly HeaderMessage[]) {
    const attributes: { attribute: Attribute; address: number }[] = []
    for (const { type, body, address, isShared } of messages) {
      attempt(address, () => {
        if (type === messageType.attribute) {
          if (isShared) throw new ArtifactError('unsupported', 'an attribute that is kept elsewhere')
          attributes.push({ attribute: readAttribute(body), address })
        } else if (type === messageType.attributeInfo) {
          for (const found of denseAttributes(body)) attributes.push(found)
        }
      })
    }
    return attributes
  }

  /** Version, flags, optionally the largest creation index, a heap and a tree of names. */
  function* denseAttributes(body: Buffer) {
    const start = 2 + ((body[1] ?? 0) & 1 ? 2 : 0)
    const heapAt = unsigned(body, start, file.addressSize)
    const treeAt = unsigned(body, start + file.addressSize, file.addressSize)
    if (heapAt === undefined || treeAt === undefined) return
    const heap = fractalHeap(file, heapAt)
    for (const record of recordsOf(file, treeAt)) {
      file.budget.spendEntry()
      if (((record[8] ?? 0) & 2) !== 0) throw new ArtifactError('unsupported', 'an attribute that is kept elsewhere')
      const { bytes, address } = heap(record.subarray(0, 8))
      yield { attribute: readAttribute(bytes), address }
    }
  }

  function linksOf(messages: readonly HeaderMessage[]): readonly Link[] {
    const links: Link[] = []
    for (const { type, body, address } of messages) {
      attempt(address, () => {
        if (type === messageType.link) links.push(readLink(body, file))
        else if (type === messageType.linkInfo) for (const link of denseLinks(body)) links.push(link)
        else if (type === messageType.symbolTable) for (const link of oldLinks(body)) links.push(link)
      })
    }
    return links
  }

  function* denseLinks(body: Buffer): Generator<Link> {
    const start = 2 + ((body[1] ?? 0) & 1 ? 8 : 0)
    const heapAt = unsigned(body, start, file.addressSize)
    const treeAt = unsigned(body, start + file.addressSize, file.addressSize)
    if (heapAt === undefined || treeAt === undefined) return
    const heap = fractalHeap(file, heapAt)
    for (const record of recordsOf(file, treeAt)) {
      file.budget.spendEntry()
      yield readLink(heap(record.subarray(4)).bytes, file)
    }
  }

  /** Old groups: a tree of nodes full of entries, whose names lie in a local heap. */
  function* oldLinks(body: Buffer): Generator<Link> {
    const { addressSize, lengthSize } = file
    const root = numberAt(body, 0, addressSize)
    const nameAt = localHeap(file, numberAt(body, addressSize, addressSize))
    for (const { child } of leavesOf(file, root, 0, lengthSize)) {
      const head = bytesAt(file, child, 8, 'a node of a group')
      expectSignature(head, 'SNOD', child)
      const count = head.readUInt16LE(6)
      const size = 2 * addressSize + 24
      const entries = bytesAt(file, child + 8, count * size, 'a node of a group')
      for (let index = 0; index < count; index++) {
        file.budget.spendEntry()
        const at = index * size
        const name = nameAt(numberAt(entries, at, addressSize))
        const isSoft = entries.readUInt32LE(at + 2 * addressSize) === 2
        if (isSoft) yield { kind: 'soft', name, target: nameAt(entries.readUInt32LE(at + 2 * addressSize + 8)) }
        else yield { kind: 'hard', name, address: numberAt(entries, at + addressSize, addressSize) }
      }
    }
  }
}

/**
 * The message that a shared one stands for: of a named datatype.
 *
 * @throws ArtifactError `unsupported` when it lies in a table of shared messages
 */
export function resolveShared(file: Hdf5File, body: Buffer, type: number): Buffer {
  const [version = 0, kind = 0] = body
  if (version === 3 && kind === 1) throw new ArtifactError('unsupported', 'a message in a table of shared messages')
  const address = numberAt(body, version === 1 ? 8 : 2, file.addressSize)
  const found = messagesOf(file, address).find((message) => message.type === type && !message.isShared)
  if (found === undefined) throw new ArtifactError('malformed', 'a shared message that is nowhere', address)
  return found.body
}
