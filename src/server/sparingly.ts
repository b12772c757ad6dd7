// What the operator is told, without the repetitions: a disk that is full fails every request, and a line for each of
// them would hide all others and fill the disk that the lines go to.

export interface SparinglyOptions {
  /** ms, monotonic. */
  readonly monotonic: () => number
  /** How long a text is not repeated, ms. Default: a minute. */
  readonly pauseMs?: number
  /** Different texts that are remembered at once. Default 100. */
  readonly maxTexts?: number
}

/**
 * Lets each text through at once when it is new, and then at most once in `pauseMs`, with how often it came in between.
 *
 * @returns what to tell; undefined for nothing
 */
export function sparingly(options: SparinglyOptions): (text: string) => string | undefined {
  const { monotonic, pauseMs = 60_000, maxTexts = 100 } = options
  const told = new Map<string, { readonly at: number; held: number }>()
  return (text) => {
    const now = monotonic()
    const before = told.get(text)
    if (before !== undefined && now < before.at + pauseMs) {
      before.held++
      return undefined
    }
    const [oldest] = told.keys()
    if (told.size >= maxTexts && oldest !== undefined) told.delete(oldest)
    // Deleted first, so that what was told last is last to be forgotten.
    told.delete(text)
    told.set(text, { at: now, held: 0 })
    const held = before?.held ?? 0
    return held === 0 ? text : `${text} (${held} times more since this was told last)`
  }
}
