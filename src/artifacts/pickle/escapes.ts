// The escapes of pickle's two text opcodes of old, as CPython's decoders read them.

/** Python's raw-unicode-escape: only \u and \U with their digits, after an odd number of backslashes. */
export function decodeRawUnicodeEscape(text: string): string {
  return text.replace(
    /(\\+)(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g,
    (all: string, slashes: string, short: string | undefined, long: string | undefined) => {
      if (slashes.length % 2 === 0) return all
      const code = Number.parseInt(short ?? long ?? '', 16)
      return code > 0x10ffff ? all : slashes.slice(1) + String.fromCodePoint(code)
    },
  )
}

/** The argument of STRING: a Python 2 string literal, its quotes included. */
export function decodeQuoted(text: string): string | undefined {
  const trimmed = text.trimEnd()
  const quote = trimmed[0]
  if (trimmed.length < 2 || (quote !== "'" && quote !== '"') || trimmed.at(-1) !== quote) return undefined
  return trimmed
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g,
      (all: string, hex: string | undefined, octal: string | undefined, sign: string | undefined) => {
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
        return (sign === undefined ? undefined : escapes[sign]) ?? all
      },
    )
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
