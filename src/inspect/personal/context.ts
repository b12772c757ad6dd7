/** Words before a number that say what the number is. */

/** How far back a context word may stand; a stream keeps more than this of what it released. */
const REACH = 48

/** Whether the text just before `start` ends in a match of `pattern`, which must end in `$` and be bounded. */
export function hasContext(text: string, start: number, pattern: RegExp): boolean {
  return pattern.test(text.slice(Math.max(0, start - REACH), start))
}
