// Whether a name in an archive stays inside the folder that the archive is unpacked into, on any system.

/** Absolute, with a drive, a server or a user's home, climbing up, or with bytes that end a name early. */
export function escapesFolder(name: string): boolean {
  if (name.includes('\0')) return true
  const plain = name.replaceAll('\\', '/')
  if (/^(?:\/|~|[A-Za-z]:)/.test(plain)) return true
  return plain.split('/').some((part) => /^\.\.[. ]*$/.test(part))
}

/** As `escapesFolder`, of a link at `name` that points to `target`. */
export function linkEscapes(name: string, target: string): boolean {
  const plain = target.replaceAll('\\', '/')
  if (/^(?:\/|~|[A-Za-z]:)/.test(plain) || plain.includes('\0')) return true
  let depth = name.replaceAll('\\', '/').split('/').length - 1
  for (const part of plain.split('/')) {
    if (part === '..') depth--
    else if (part !== '' && part !== '.') depth++
    if (depth < 0) return true
  }
  return false
}
