/** Telling a real secret from what stands in its place in documentation and code. */

/** Example values, fill-me-in texts and runs of one character. */
export function isPlaceholder(value: string): boolean {
  return FILLER.test(value) || new Set(value.toLowerCase()).size < Math.min(5, value.length)
}

const FILLER =
  /example|placeholder|redacted|changeme|change[-_]me|your[-_]|[-_]your|yourapi|yourkey|yourtoken|yoursecret|insert[-_]|replace[-_]?me|dummy|notareal|not[-_]a[-_]real|x{5}|\*{4}|0{8}|\.{3}/i

/** Words of one case joined by hyphens, underscores or dots, numbers apart: a name that somebody chose. */
export function isIdentifier(value: string): boolean {
  return value
    .split(/[-_./]/)
    .every((part) => /^(?:[a-z]{0,24}|[A-Z]{0,24}|[A-Z][a-z]{1,23}|v?\d{1,8}|[a-z]{2,24}\d{1,2})$/.test(part))
}

/** Whether most of it is made of words, as in camelCase names, paths and URNs. */
export function isWordy(value: string): boolean {
  const words = value.match(/[A-Za-z][a-z]{3,}/g)?.join('').length ?? 0
  return words > value.length * 0.6
}

/** Shannon entropy of the characters, in bits a character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
  return bits
}
