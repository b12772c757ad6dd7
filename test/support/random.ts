// Randomness that a failing test can be repeated with.
import type { TestContext } from 'node:test'

/**
 * Numbers from 0 to 1 (mulberry32) of a new seed, which the test prints, or of HOLDFAST_TEST_SEED.
 *
 * @param stream  0, 1, …: different numbers of the same seed
 */
export function testRandom(t: TestContext, stream = 0): () => number {
  const seed = Number(process.env.HOLDFAST_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`repeat with HOLDFAST_TEST_SEED=${seed}`)
  return seededRandom(seed + stream)
}

export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
