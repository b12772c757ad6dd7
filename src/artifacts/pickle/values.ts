// What the machine's stack, memo and containers hold: a kind and a number. Nothing is built; a text stays where it is
// in the source, and only the last million elements of tuples and small dictionaries are remembered.
import { ArtifactError } from '../error.ts'

/** Kinds of values. Plain numbers, because there may be tens of millions of them. */
export const kind = {
  /** Numbers, None, booleans, tuples of such: nothing that a check would look at. */
  data: 0,
  /** A whole number; the value is the number itself. */
  integer: 1,
  /** A text; the value is the offset of its opcode. */
  text: 2,
  /** Bytes; the value is the offset of their opcode. */
  bytes: 3,
  /** Bytes that are a text encoded in Latin-1; the value is the offset of the text's opcode. */
  encoded: 4,
  /** The value is 0 while it holds numbers alone, 1 afterwards, `unknown` out of the memo. */
  list: 5,
  /** The value is the place of its items, or `unknown`. */
  dict: 6,
  set: 7,
  /** The value is the place of its elements, or `unknown`. */
  tuple: 8,
  /** Something imported; the value is its number among the globals. */
  global: 9,
  /** What a harmless call made and has not been finished yet; the value is the global that made it. */
  instance: 10,
  /** The same, finished or taken from the memo. */
  held: 11,
  /** What nobody knows: the result of a call that is not known to be harmless, an extension. */
  result: 12,
  /** Resolved by the loader from a persistent id. */
  persistent: 13,
} as const

export const unknown = -1
/** The place of a dictionary that nothing was put into yet. */
export const nothing = -2

const maxLength = 64 * 1024 * 1024

/** A stack of values in two typed arrays. */
export class Values {
  kinds = new Uint8Array(256)
  values = new Float64Array(256)
  length = 0

  /** @throws ArtifactError `over_limit` beyond 16 million values at once */
  push(valueKind: number, value: number): void {
    if (this.length === this.kinds.length) this.grow(this.length * 2)
    this.kinds[this.length] = valueKind
    this.values[this.length++] = value
  }

  grow(length: number): void {
    if (length > maxLength) throw new ArtifactError('over_limit', `limit reached: ${maxLength} values at once`)
    const { kinds, values } = this
    this.kinds = new Uint8Array(length)
    this.values = new Float64Array(length)
    this.kinds.set(kinds)
    this.values.set(values)
  }

  kindAt(index: number): number {
    return this.kinds[index] ?? kind.data
  }

  valueAt(index: number): number {
    return this.values[index] ?? 0
  }
}

export interface Value {
  readonly kind: number
  readonly value: number
}

const longestRing = 1 << 20
const shortestRing = 1 << 8
const maxKept = 512
/** Below it, the place of a tuple that is not kept says how many elements it has, all those within it included. */
const weightsBelow = -16

/** The elements of recent tuples and dictionaries. A place that has been overwritten since gives `undefined`. */
export class Elements {
  private readonly kinds: Uint8Array
  private readonly values: Float64Array
  private readonly weights: Float64Array
  private readonly mask: number
  private readonly most: number
  private next = 0

  /** @param atMost  elements that there will be in all, such as the bytes of the pickle */
  constructor(atMost: number) {
    let length = shortestRing
    while (length < atMost && length < longestRing) length *= 2
    this.kinds = new Uint8Array(length)
    this.values = new Float64Array(length)
    this.weights = new Float64Array(length)
    this.mask = length - 1
    this.most = Math.min(maxKept, length / 4)
  }

  /** Keeps the `count` topmost values of a stack. @returns their place, or a negative number when they are too many */
  keep(stack: Values, count: number): number {
    if (count > this.most) return weightsBelow - this.weightOf(stack, count)
    const { kinds, values, mask } = this
    const { kinds: stackKinds, values: stackValues, length } = stack
    const place = this.next
    let weight = count
    let slot = place & mask
    const head = slot
    kinds[slot] = kind.integer
    values[slot] = count
    for (let index = length - count; index < length; index++) {
      slot = (slot + 1) & mask
      const found = stackKinds[index] ?? kind.data
      const value = stackValues[index] ?? 0
      kinds[slot] = found
      values[slot] = value
      if (found === kind.tuple) weight += this.weight(value)
    }
    this.weights[head] = weight
    this.next = place + 1 + count
    return place
  }

  private weightOf(stack: Values, count: number): number {
    let weight = count
    for (let index = stack.length - count; index < stack.length; index++)
      if (stack.kindAt(index) === kind.tuple) weight += this.weight(stack.valueAt(index))
    return weight
  }

  /** How many elements there are, those within elements included, each as often as it stands there. */
  weight(place: number): number {
    if (place < weightsBelow) return weightsBelow - place
    return this.isKept(place) ? (this.weights[place & this.mask] ?? 0) : 0
  }

  /** As `keep`, behind what is at `place`. */
  add(place: number, stack: Values, count: number): number {
    if (place === nothing) return this.keep(stack, count)
    const before = this.at(place)
    if (before === undefined || before.length + count > this.most) return unknown
    const all = new Values()
    for (const { kind: valueKind, value } of before) all.push(valueKind, value)
    for (let index = stack.length - count; index < stack.length; index++)
      all.push(stack.kindAt(index), stack.valueAt(index))
    return this.keep(all, all.length)
  }

  at(place: number): readonly Value[] | undefined {
    if (!this.isKept(place)) return undefined
    const count = this.values[place & this.mask] ?? 0
    return Array.from({ length: count }, (_, index) => {
      const slot = (place + 1 + index) & this.mask
      return { kind: this.kinds[slot] ?? kind.data, value: this.values[slot] ?? 0 }
    })
  }

  private isKept(place: number): boolean {
    return place >= 0 && this.next - place <= this.mask + 1
  }
}
