// Makes an input smaller while something stays true of it: chunks are taken out, large ones first.

/**
 * @param holds       asked of smaller inputs; true of the input itself
 * @param maxAttempts how often it may be asked
 */
export async function minimise(
  input: Uint8Array,
  holds: (candidate: Uint8Array) => Promise<boolean>,
  maxAttempts: number,
): Promise<Uint8Array> {
  let smallest = input
  let attempts = 0
  for (let size = smallest.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < smallest.length && attempts < maxAttempts; ) {
      const candidate = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
      attempts++
      if (await holds(candidate)) smallest = candidate
      else at += size
    }
  }
  return smallest
}
