// The few small inputs that together show every feature: what is worth keeping in the repository.
import { examine } from './examine.ts'
import { minimise } from './minimise.ts'
import type { Target } from './target.ts'

const maxSeeds = 24
const maxSeedBytes = 4096

/** @param began  told of each input before it is run */
export async function distil(
  target: Target,
  corpus: readonly Uint8Array[],
  began: (input: Uint8Array) => void,
): Promise<Uint8Array[]> {
  const featuresOf = async (input: Uint8Array) => {
    began(input)
    return new Set(await examine(target, input))
  }
  const known = new Set<string>()
  const kept: Uint8Array[] = []
  for (const input of corpus.toSorted((a, b) => a.length - b.length)) {
    if (input.length > maxSeedBytes || kept.length >= maxSeeds) break
    const fresh = [...(await featuresOf(input))].filter((feature) => !known.has(feature))
    if (fresh.length === 0) continue
    const holds = async (candidate: Uint8Array) => {
      const features = await featuresOf(candidate)
      return fresh.every((feature) => features.has(feature))
    }
    kept.push(await minimise(input, holds, 300))
    for (const feature of fresh) known.add(feature)
  }
  return kept
}
