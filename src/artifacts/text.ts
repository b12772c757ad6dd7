// Names and snippets out of an artifact, made fit to be shown: whoever wrote them would like them to be read by a
// terminal, a log viewer or a person as something else.

/** One line of printable ASCII, at most `limit` characters; everything else is escaped. */
export function shown(text: string, limit = 120): string {
  const safe = text.replace(/[^\x20-\x7e]|\\/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
  return safe.length <= limit ? safe : `${safe.slice(0, limit)}…`
}
