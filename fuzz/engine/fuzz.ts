// The loop: take an input of the corpus, change it, run it, and keep it when it did something new.
import type { Coverage } from './coverage.ts'
import { examine, Failure } from './examine.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

export interface FuzzOptions {
  readonly seeds: readonly Uint8Array[]
  readonly random: Random
  /** Asked before each execution, with the number of those before. */
  readonly isOver: (executions: number) => boolean
  /** Without it only the target's own features guide. */
  readonly coverage?: Coverage
  /** Told of each input before it is run, for whoever must know when it never ends. */
  readonly began?: (input: Uint8Array) => void
}

export interface FuzzReport {
  readonly executions: number
  readonly features: number
  /** Inputs that did something that none before them did. */
  readonly corpus: readonly Uint8Array[]
  readonly failure: Failure | undefined
}

/** Longer inputs are run, but not built upon. */
const maxKeptBytes = 16_384
const batchSize = 32

export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzReport> {
  const run = new Run(target, options)
  let failure: Failure | undefined
  try {
    await run.toTheEnd()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    failure = error
  }
  return { executions: run.executions, features: run.features.size, corpus: run.corpus, failure }
}

class Run {
  readonly target: Target
  readonly options: FuzzOptions
  readonly corpus: Uint8Array[] = []
  readonly features = new Set<string>()
  executions = 0
  /** Inputs since coverage was last asked. */
  #batch: Uint8Array[] = []

  constructor(target: Target, options: FuzzOptions) {
    this.target = target
    this.options = options
  }

  async toTheEnd(): Promise<void> {
    this.options.coverage?.skip()
    for (const seed of this.options.seeds) {
      await this.#try(seed)
      if (!this.corpus.includes(seed)) this.#keep(seed)
    }
    while (!this.options.isOver(this.executions)) await this.#try(this.#next())
  }

  #next(): Uint8Array {
    const { random } = this.options
    if (this.corpus.length === 0 || random.chance(0.2)) return this.target.generate(random)
    // What was found last is where something new is nearest.
    const recent = random.chance(0.3) ? Math.min(this.corpus.length, 16) : this.corpus.length
    const input = this.corpus[this.corpus.length - 1 - random.below(recent)] ?? new Uint8Array(0)
    return this.target.mutate(input, random, random.pick(this.corpus))
  }

  async #try(input: Uint8Array): Promise<void> {
    if (await this.#execute(input)) this.#keep(input)
    if (this.options.coverage === undefined) return
    this.#batch.push(input)
    if (this.#batch.length >= batchSize) await this.#searchBatch(this.options.coverage)
  }

  /** @returns whether it had a new feature */
  async #execute(input: Uint8Array): Promise<boolean> {
    this.executions++
    this.options.began?.(input)
    const before = this.features.size
    for (const feature of await examine(this.target, input)) this.features.add(feature)
    return this.features.size > before
  }

  #keep(input: Uint8Array): void {
    if (input.length <= maxKeptBytes) this.corpus.push(input)
  }

  async #searchBatch(coverage: Coverage): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    const fresh = new Set(coverage.takeNew())
    if (fresh.size > 0) await this.#locate(batch, fresh, coverage)
  }

  /** Keeps an input for each fresh block, found by halving. */
  async #locate(inputs: readonly Uint8Array[], fresh: Set<string>, coverage: Coverage): Promise<void> {
    for (const input of inputs) await this.#execute(input)
    const reached = coverage.takeAmong(fresh)
    if (reached.length === 0) return
    const [only, second] = inputs
    if (only !== undefined && second === undefined) {
      for (const block of reached) fresh.delete(block)
      if (!this.corpus.includes(only)) this.#keep(only)
      return
    }
    const middle = inputs.length >> 1
    await this.#locate(inputs.slice(0, middle), fresh, coverage)
    await this.#locate(inputs.slice(middle), fresh, coverage)
  }
}
