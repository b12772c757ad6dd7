/**
 * Cedar's `like`: `*` stands for any number of characters. The pattern is cut at its wildcards; the first and last
 * pieces are anchored and those between are found leftmost one after the other, so no position is ever tried twice.
 * Each search is Knuth–Morris–Pratt, so the whole match takes time linear in text and pattern, whatever they hold.
 */

/** Pieces between wildcards: `a*b` is ['a', 'b'], `*` is ['', ''], and a pattern without wildcards is one piece. */
export function compileLike(pieces: readonly string[]): (text: string) => boolean {
  const first = pieces[0] ?? ''
  if (pieces.length < 2) return (text) => text === first
  const last = pieces.at(-1) ?? ''
  const between = pieces
    .slice(1, -1)
    .filter((piece) => piece !== '')
    .map(searchFor)

  return (text) => {
    const end = text.length - last.length
    if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const search of between) {
      at = search(text, at, end)
      if (at < 0) return false
    }
    return true
  }
}

/** A function that finds `needle` in text[from, to) and returns the index after it, or -1. */
function searchFor(needle: string): (text: string, from: number, to: number) => number {
  const fallback = borders(needle)
  return (text, from, to) => {
    let matched = 0
    for (let at = from; at < to; at++) {
      const unit = text.charCodeAt(at)
      while (matched > 0 && needle.charCodeAt(matched) !== unit) matched = fallback[matched - 1] ?? 0
      if (needle.charCodeAt(matched) === unit) matched++
      if (matched === needle.length) return at + 1
    }
    return -1
  }
}

/** For each prefix of the needle, the length of its longest proper border. */
function borders(needle: string): Int32Array {
  const table = new Int32Array(needle.length)
  let length = 0
  for (let at = 1; at < needle.length; at++) {
    while (length > 0 && needle.charCodeAt(at) !== needle.charCodeAt(length)) length = table[length - 1] ?? 0
    if (needle.charCodeAt(at) === needle.charCodeAt(length)) length++
    table[at] = length
  }
  return table
}
