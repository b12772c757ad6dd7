// R's serialisation (R Internals, section 1.8; src/main/serialize.c of R 4.5): what kinds of objects a file holds.
// Nothing is built. Pairlists are followed in a loop, as R does it, since they can be as long as the file.
import { ArtifactError } from '../error.ts'
import type { Source } from '../source.ts'
import type { Input } from './input.ts'

/** What an object is, by its number; only those that matter here have a name. */
export const rType = {
  closure: 3,
  environment: 4,
  promise: 5,
  language: 6,
  externalPointer: 22,
} as const

export interface RObserver {
  /** Called for each object, with its type and where it begins. */
  object(type: number, offset: number): void
}

const maxDepth = 3000
const maxObjects = 50_000_000

/** Reads one object with everything in it. @throws ArtifactError `malformed`, `over_limit`, `unsupported` */
export function readObject(input: Input, observer: RObserver, checkTime: () => void): void {
  let objects = 0
  item(0)

  function item(depth: number): void {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: objects more than ${maxDepth} deep`)
    // The tail of a pairlist takes the place of the list itself.
    for (;;) {
      if ((++objects & 0xffff) === 0) checkTime()
      if (objects > maxObjects) throw new ArtifactError('over_limit', `limit reached: more than ${maxObjects} objects`)
      const { offset } = input
      const flags = input.integer()
      const type = flags & 0xff
      observer.object(type, offset)
      if (!isPair(type)) {
        other(type, flags, depth)
        return
      }
      if (flags & hasAttributes) item(depth + 1)
      if (flags & hasTag) item(depth + 1)
      item(depth + 1)
    }
  }

  function other(type: number, flags: number, depth: number): void {
    switch (type) {
      case 254:
      case 253:
      case 252:
      case 251:
      case 250:
      case 242:
      case 241:
        return
      case 255: // a reference to an earlier object
        if (flags >>> 8 === 0) input.integer()
        return
      case 249:
      case 248:
      case 247:
        input.integer()
        for (let count = input.length(); count > 0; count--) item(depth + 1)
        return
      case 1: // a symbol
        item(depth + 1)
        return
      case 4: // an environment: enclosing one, frame, hash table, attributes
        input.integer()
        for (let part = 0; part < 4; part++) item(depth + 1)
        return
      case 7:
      case 8: // a built-in function, by its name
        input.skipText(input.length())
        return
      case 9: // a text
        input.skipText(input.length())
        break
      case 10:
      case 13:
        input.skipIntegers(input.length())
        break
      case 14:
        input.skipReals(input.length())
        break
      case 15:
        input.skipReals(2 * input.length())
        break
      case 16:
      case 19:
      case 20:
        for (let count = input.length(); count > 0; count--) item(depth + 1)
        break
      case 21:
        input.integer()
        byteCode(depth + 1)
        break
      case 22:
        item(depth + 1)
        item(depth + 1)
        break
      case 23:
      case 25:
        break
      case 24:
        input.skipRaw(input.length())
        break
      case 238: // a compact form: class, state, attributes
        for (let part = 0; part < 3; part++) item(depth + 1)
        return
      default:
        throw new ArtifactError('malformed', `an object of the type ${type}, which does not exist`, input.offset)
    }
    if (flags & hasAttributes) item(depth + 1)
  }

  /** The instructions, then the constants, some of which are code or calls in a form of their own. */
  function byteCode(depth: number): void {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: code more than ${maxDepth} deep`)
    item(depth + 1)
    for (let count = input.length(); count > 0; count--) {
      const type = input.integer()
      if (type === 21) byteCode(depth + 1)
      else if (isCall(type)) call(type, depth + 1)
      else item(depth + 1)
    }
  }

  function call(first: number, depth: number): void {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: calls more than ${maxDepth} deep`)
    for (let type = first; ; type = input.integer()) {
      if (type === 243) {
        input.integer()
        return
      }
      if (type === 244) {
        input.integer()
        type = input.integer()
      }
      if (!isCall(type)) {
        item(depth + 1)
        return
      }
      if (type === 240 || type === 239) item(depth + 1)
      item(depth + 1)
      call(input.integer(), depth + 1)
    }
  }
}

const hasAttributes = 0x200
const hasTag = 0x400

/** Pairlists, closures, promises, calls, the dots of an argument list. */
function isPair(type: number): boolean {
  return type === 2 || type === 3 || type === 5 || type === 6 || type === 17 || type === 239 || type === 240
}

function isCall(type: number): boolean {
  return type === 6 || type === 2 || type === 244 || type === 243 || type === 240 || type === 239
}

/** The magic of a workspace (`RDX3\n`), and of a serialisation: XDR, native or text. */
export function beginOf(source: Source): { readonly magic: string; readonly length: number } | undefined {
  const head = Buffer.from(source.read(0, 16)).toString('latin1')
  const [magic = ''] = /^(?:RD[XA][23]\n)?[XAB]\n(?=[\x00-\x39])/.exec(head) ?? []
  return magic === '' ? undefined : { magic, length: magic.length }
}
