// Naming what happened to a sequence of entries: each found entry claims a number, and 0, 1, 2, … is expected.
//
// A difference between two sequences has many explanations; looking one entry ahead finds the simplest one for a
// single deletion, insertion or replacement. What is missing in one place and too much in another was moved.
import { entriesText, type LogProblem } from './problem.ts'

interface Extra {
  /** The number that the entry claims; undefined when it claims none that it could have. */
  readonly claim: number | undefined
  /** The number that was expected in its place. */
  readonly expected: number
  readonly isReplacement: boolean
}

// A log that was replaced as a whole is not described entry by entry.
const maxNamed = 1000

export class OrderCheck {
  #next = 0
  #held: { readonly claim: number | undefined } | undefined
  #missing: { from: number; end: number }[] = []
  #extra: Extra[] = []

  /** The next found entry, with the number that it claims. */
  add(claim: number | undefined): void {
    if (this.#held) this.#judge(this.#held.claim, claim)
    this.#held = { claim }
  }

  /** Numbers from the next expected one on that are known to be gone. */
  skip(count: number): void {
    if (this.#held) this.#judge(this.#held.claim, this.#next + 1)
    this.#held = undefined
    this.#miss(this.#next, this.#next + count)
    this.#next += count
  }

  /** @param size  how many entries there should have been */
  finish(size: number): LogProblem[] {
    // As if one more entry followed, with the number that would come next.
    if (this.#held) this.#judge(this.#held.claim, size)
    this.#held = undefined
    if (this.#next < size) this.#miss(this.#next, size)
    // In order, but more than there should be.
    const surplus = Math.min(this.#next - size, maxNamed)
    for (let count = 0; count < surplus; count++) this.#note({ claim: undefined, expected: size, isReplacement: false })
    return this.#explain()
  }

  #judge(claim: number | undefined, following: number | undefined): void {
    const expected = this.#next
    if (claim === expected) {
      this.#next++
    } else if (following === expected) {
      this.#note({ claim, expected, isReplacement: false })
    } else if (following !== expected + 1 && claim !== undefined && claim > expected) {
      this.#miss(expected, claim)
      this.#next = claim + 1
    } else {
      this.#miss(expected, expected + 1)
      this.#note({ claim, expected, isReplacement: true })
      this.#next++
    }
  }

  #miss(from: number, end: number): void {
    const last = this.#missing.at(-1)
    if (last?.end === from) last.end = end
    else if (this.#missing.length < maxNamed && from < end) this.#missing.push({ from, end })
  }

  #note(extra: Extra): void {
    if (this.#extra.length < maxNamed) this.#extra.push(extra)
  }

  #explain(): LogProblem[] {
    const problems: LogProblem[] = []
    const moved = this.#extra.filter(({ claim }) => claim !== undefined && this.#takeMissing(claim))
    for (const { claim: index = 0 } of moved) {
      problems.push({ kind: 'reordered', index, message: `entry ${index} was moved to another place` })
    }
    for (const extra of this.#extra.filter((other) => !moved.includes(other))) {
      const index = extra.expected
      problems.push(
        extra.isReplacement && this.#takeMissing(index)
          ? { kind: 'changed', index, message: `entry ${index} was changed` }
          : { kind: 'inserted', index, message: `an entry was inserted before entry ${index}` },
      )
    }
    for (const { from, end } of this.#missing) {
      const verb = end - from === 1 ? 'was' : 'were'
      problems.push({ kind: 'deleted', index: from, end, message: `${entriesText(from, end)} ${verb} deleted` })
    }
    return problems
  }

  /** Takes a number out of the missing ones; false when it was not missing. */
  #takeMissing(index: number): boolean {
    const at = this.#missing.findIndex(({ from, end }) => from <= index && index < end)
    const range = this.#missing[at]
    if (range === undefined) return false
    const parts = [
      { from: range.from, end: index },
      { from: index + 1, end: range.end },
    ]
    this.#missing.splice(at, 1, ...parts.filter(({ from, end }) => from < end))
    return true
  }
}
