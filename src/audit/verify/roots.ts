// The roots that were signed in the past, held against the tree that is there now. The first one that does not fit
// says between which two checkpoints entries were changed.
import type { LogFiles } from '../files.ts'
import { type HistoryLine, isSigned, readHistory } from '../history.ts'
import type { Hash } from '../tlog/merkle.ts'
import type { VerifierKey } from '../tlog/note.ts'
import { entriesText, type LogProblem } from './problem.ts'

export class RootCheck {
  readonly #origin: string
  readonly #keys: readonly VerifierKey[]
  readonly #lines: AsyncGenerator<HistoryLine | undefined>
  #line: HistoryLine | undefined
  #lineNumber = 0
  #lastSize = 0
  /** The size up to which the tree is known to be the signed one. */
  #soundSize = 0
  #isBroken = false
  readonly problems: LogProblem[] = []

  private constructor(files: LogFiles, dir: string, origin: string, keys: readonly VerifierKey[]) {
    this.#origin = origin
    this.#keys = keys
    this.#lines = readHistory(files, dir)
  }

  static async begin(files: LogFiles, dir: string, origin: string, keys: readonly VerifierKey[]): Promise<RootCheck> {
    const check = new RootCheck(files, dir, origin, keys)
    await check.#advance()
    if (check.#line?.size !== 0) {
      check.#complain('history', 'the history of checkpoints does not begin with the empty log')
    }
    return check
  }

  /** The tree has `size` leaves now; `root` is computed only when a checkpoint of that size is known. */
  async reached(size: number, root: () => Hash): Promise<void> {
    while (this.#line !== undefined && this.#line.size <= size) {
      if (this.#line.size === size) this.#compare(this.#line, root())
      await this.#advance()
    }
  }

  /**
   * The root of the newest checkpoint, which the caller has verified.
   * @returns size of the largest tree that the rest of the history speaks of
   */
  async finish(size: number, isRoot: boolean): Promise<number> {
    if (!isRoot && !this.#isBroken) this.#breakAt(size, `the newest checkpoint`)
    let largest = size
    while (this.#line !== undefined) {
      if (isSigned(this.#line, this.#origin, this.#keys)) largest = Math.max(largest, this.#line.size)
      else this.#complain('history', `line ${this.#lineNumber} of the history is not signed by the log`)
      await this.#advance()
    }
    return largest
  }

  #compare(line: HistoryLine, root: Hash): void {
    if (this.#isBroken) return
    if (Buffer.compare(line.root, root) === 0) this.#soundSize = line.size
    else if (isSigned(line, this.#origin, this.#keys)) this.#breakAt(line.size, `the checkpoint of size ${line.size}`)
    else this.#complain('history', `line ${this.#lineNumber} of the history is not signed by the log`)
  }

  #breakAt(size: number, checkpoint: string): void {
    this.#isBroken = true
    const [index, end] = [this.#soundSize, Math.max(size, this.#soundSize + 1)]
    const message = `${entriesText(index, end)}: not what ${checkpoint} was signed over`
    this.problems.push({ kind: 'changed', index, end, message })
  }

  /** To the next line that can be one; sizes never fall. */
  async #advance(): Promise<void> {
    for (;;) {
      const next = await this.#lines.next()
      if (next.done) {
        this.#line = undefined
        return
      }
      this.#lineNumber++
      if (next.value !== undefined && next.value.size >= this.#lastSize) {
        this.#line = next.value
        this.#lastSize = next.value.size
        return
      }
      this.#complain('history', `line ${this.#lineNumber} of the history is damaged or out of order`)
    }
  }

  #complain(kind: 'history', message: string): void {
    this.problems.push({ kind, message })
  }
}
