// What is fuzzed: a piece of code that reads hostile bytes, and what must always be true of it. A new target is one file
// that makes one of these, and one line in targets.ts.
import type { Random } from './random.ts'

export interface Target<Observed = unknown> {
  /** Lower case, with dashes: names the folder of its seeds too. */
  readonly name: string
  /** A new input, by the grammar of what is read. */
  generate(random: Random): Uint8Array
  /** A changed input. @param other  another input of the corpus, to splice with */
  mutate(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array
  /** Runs the code. Refusals that it may make are caught here and observed; whatever else is thrown is a crash. */
  run(input: Uint8Array): Observed | Promise<Observed>
  /** @throws when a law is broken */
  check(input: Uint8Array, observed: Observed): void | Promise<void>
  /** What was special about it, in a few words each: an input with a new one is kept to build upon. */
  features?(observed: Observed): Iterable<string>
  /** ms of CPU time that an input may take, beside 10 µs for each of its bytes; 100 when absent. */
  readonly allowanceMs?: number
}

/** For the list of targets: what each observes is its own business. */
export function target<Observed>(definition: Target<Observed>): Target {
  return {
    ...definition,
    // The engine hands `check` and `features` only what `run` of the same target gave it.
    check: (input, observed) => definition.check(input, observed as Observed),
    ...(definition.features && { features: (observed) => definition.features?.(observed as Observed) ?? [] }),
  }
}
