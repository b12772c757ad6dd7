/** Words before a number that say what the number is. */

/** How far back a context word may stand; a stream keeps more than this of what it released. */
const REACH = 48

/** The text between the number before `start` and `start`, at most so far back; empty when no word stands there. */
export function leadOf(text: string, start: number): string {
  let from = start
  let hasWord = false
  while (from > 0 && start - from < REACH) {
    const code = text.charCodeAt(from - 1)
    if (code >= 0x30 && code <= 0x39) break
    hasWord ||= code >= 0x41 && code !== 0x5b && code !== 0x5d
    from--
  }
  return hasWord ? text.slice(from, start) : ''
}

/** Whether a word of `pattern`, which must end in `$` and be bounded, stands before the number at `start`. */
export function hasContext(text: string, start: number, pattern: RegExp): boolean {
  const lead = leadOf(text, start)
  return lead !== '' && pattern.test(lead)
}
