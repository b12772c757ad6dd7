// Which blocks of our sources have been executed, from V8 itself. Counting costs next to nothing, asking about half a
// millisecond: so it is asked after a batch of inputs, and only a batch with something new is looked at one by one.
import { type Profiler, Session } from 'node:inspector'

export class Coverage {
  readonly #session = new Session()
  readonly #known = new Set<string>()

  readonly #counts: (url: string) => boolean

  /** @param counts  whether a script counts, by its URL */
  constructor(counts: (url: string) => boolean) {
    this.#counts = counts
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  get blocks(): number {
    return this.#known.size
  }

  /** Forgets what was executed since the last time. */
  skip(): void {
    this.#executed()
  }

  /** The blocks executed since the last time that never were before. */
  takeNew(): string[] {
    const fresh = this.#executed().filter((block) => !this.#known.has(block))
    for (const block of fresh) this.#known.add(block)
    return fresh
  }

  /** Which of these blocks were executed since the last time. */
  takeAmong(blocks: ReadonlySet<string>): string[] {
    return this.#executed().filter((block) => blocks.has(block))
  }

  close(): void {
    this.#session.disconnect()
  }

  #executed(): string[] {
    const blocks: string[] = []
    // Within the same thread the answer comes before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error
      for (const script of taken.result) if (this.#counts(script.url)) collect(script, blocks)
    })
    return blocks
  }
}

function collect(script: Profiler.ScriptCoverage, blocks: string[]): void {
  for (const { ranges } of script.functions)
    for (const { startOffset, endOffset, count } of ranges)
      if (count > 0) blocks.push(`${script.url}:${startOffset}-${endOffset}`)
}
