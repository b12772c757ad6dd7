// Random choices that can be repeated: the same seed gives the same run (mulberry32, by Tommy Ettinger).

export class Random {
  #state: number

  /** @param seed  a whole number; its low 32 bits count */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number in [0, limit); 0 when `limit` is less than 1. */
  below(limit: number): number {
    return Math.floor(this.#fraction() * Math.max(limit, 0))
  }

  chance(probability: number): boolean {
    return this.#fraction() < probability
  }

  /** @throws RangeError when there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('there is nothing to pick from')
    return item
  }

  /** Small numbers often, large ones now and then: [0, limit). */
  small(limit: number): number {
    return this.below(1 + this.below(limit))
  }

  #fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
