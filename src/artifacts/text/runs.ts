// Stretches of text in bytes that hold other things too, such as the pages of a column or the metadata of an image.

/**
 * What reads as UTF-8 between bytes that no text has, at least `shortest` characters long; joined by line feeds.
 *
 * @param limit  characters at most
 */
export function textRuns(bytes: Uint8Array, shortest: number, limit: number): string {
  let found = ''
  let from = 0
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let at = 0; at <= bytes.length && found.length < limit; at++) {
    const byte = bytes[at] ?? 0
    if (at < bytes.length && (byte >= 0x20 || byte === 9 || byte === 10 || byte === 13) && byte !== 0x7f) continue
    if (at - from >= shortest) found += lineOf(decoder, bytes.subarray(from, Math.min(at, from + limit)))
    from = at + 1
  }
  return found.slice(0, limit)
}

function lineOf(decoder: TextDecoder, run: Uint8Array): string {
  try {
    return `${decoder.decode(run)}\n`
  } catch {
    const plain = Buffer.from(run)
      .toString('latin1')
      .replace(/[^\x20-\x7e\s]+/g, '\n')
    return plain.length >= run.length * 0.7 ? `${plain}\n` : ''
  }
}
