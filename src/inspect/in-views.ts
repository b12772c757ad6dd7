/** Runs a scanner over a complete text and over what the text says when decoded. */
import type { Match, Window } from './detector.ts'
import type { Normalised } from './normalise.ts'

/**
 * @param scan finds matches in a window
 * @param isWanted which views to look into, by name
 * @returns what stands there plainly, then what only a view shows, with the span of the encoded text
 */
export function findInViews(
  text: Normalised,
  scan: (window: Window) => { matches: readonly Match[] },
  isWanted: (view: string) => boolean,
): Match[] {
  const found = [...scan({ text: text.text, from: 0, final: true }).matches]
  for (const view of text.views()) {
    if (!isWanted(view.name)) continue
    for (const match of scan({ text: view.text, from: 0, final: true }).matches) {
      const { start, end } = view.original(match.start, match.end)
      if (start < end && !found.some((other) => other.start < end && start < other.end))
        found.push({ ...match, start, end, view: view.name })
    }
  }
  return found
}
