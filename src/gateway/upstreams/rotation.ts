// Whose turn it is among upstreams of different weights: smooth weighted round-robin, as nginx does it
// (ngx_http_upstream_round_robin.c), so that 3:1 gives a a b a and not a a a b.

/**
 * @param weights each >= 1
 * @returns the places of the eligible ones: first whose turn it is, then the others, those that have waited longest
 *   first. Of any n turns in which the same are eligible, each gets its share of n, give or take less than one for
 *   each of the others.
 */
export function createRotation(weights: readonly number[]): (isEligible: (place: number) => boolean) => number[] {
  const credits = weights.map(() => 0)
  const creditOf = (place: number) => credits[place] ?? 0
  return (isEligible) => {
    const eligible = weights.map((_, place) => place).filter(isEligible)
    if (eligible.length < 2) return eligible
    let total = 0
    for (const place of eligible) {
      const weight = weights[place] ?? 0
      credits[place] = creditOf(place) + weight
      total += weight
    }
    eligible.sort((a, b) => creditOf(b) - creditOf(a) || a - b)
    const [first] = eligible
    if (first !== undefined) credits[first] = creditOf(first) - total
    return eligible
  }
}
