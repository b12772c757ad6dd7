// "Did you mean": the known name nearest to a mistyped one, by Damerau-Levenshtein distance (optimal string alignment).

/** The candidate within a third of the word's length (at least one slip, at most three), or undefined. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const allowed = Math.min(3, Math.max(1, Math.floor(word.length / 3)))
  const ranked = candidates
    .filter((candidate) => Math.abs(candidate.length - word.length) <= allowed)
    .map((candidate) => ({ candidate, distance: editDistance(normalise(word), normalise(candidate)) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
  const best = ranked[0]
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined
}

/** `api-keys`, `api_keys` and `apiKeys` are the same slip of style, not of spelling. */
function normalise(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '')
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + substitution,
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
