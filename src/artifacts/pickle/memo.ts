// The unpickler's memo: values by index. CPython keeps an array that grows with the largest index; here indexes far
// beyond what the stream can have filled go into a map, because only somebody who wants our memory writes them.
import { ArtifactError } from '../error.ts'
import { kind, unknown, Values } from './values.ts'

/** The kind of an entry that was never written. */
export const empty = 255
const maxScattered = 65_536

export class Memo {
  private readonly near = new Values()
  private readonly far = new Map<number, { readonly kind: number; readonly value: number }>()
  /** Entries that were written, which is the index that MEMOIZE takes next. */
  size = 0

  /** The kind of an entry, or `empty`. */
  kindAt(index: number): number {
    const found = this.near.kinds[index] ?? empty
    return found === empty || index >= this.near.length ? (this.far.get(index)?.kind ?? empty) : found
  }

  valueAt(index: number): number {
    const isNear = index < this.near.length && this.near.kinds[index] !== empty
    return isNear ? this.near.valueAt(index) : (this.far.get(index)?.value ?? 0)
  }

  /**
   * @param reach  the largest index that still goes into the array
   * @throws ArtifactError `over_limit` for too many indexes beyond it
   */
  put(index: number, valueKind: number, value: number, reach: number): void {
    const { near, far } = this
    // What is put into a list or a dictionary later, the memo does not see.
    const seen = valueKind === kind.dict || valueKind === kind.list ? unknown : value
    // The usual case: one after the other.
    if (index === near.length && far.size === 0 && index <= reach) {
      near.push(valueKind, seen)
      this.size++
      return
    }
    if (index > reach || (far.size > 0 && far.has(index))) {
      if (this.kindAt(index) === empty) this.size++
      if (far.size >= maxScattered) throw new ArtifactError('over_limit', 'limit reached: scattered memo entries')
      far.set(index, { kind: valueKind, value: seen })
      return
    }
    if (index >= near.kinds.length) near.grow(Math.max(2 * near.kinds.length, index + 1))
    if (index >= near.length) {
      near.kinds.fill(empty, near.length, index)
      near.length = index + 1
      this.size++
    } else if (near.kinds[index] === empty) this.size++
    near.kinds[index] = valueKind
    near.values[index] = seen
  }
}
