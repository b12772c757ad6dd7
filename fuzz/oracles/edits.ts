// Laws of changing texts in a body: afterwards it says the new texts where the edited ones were, and everything else as
// before, as an independent reader sees it.
import assert from 'node:assert/strict'
import type { Part } from '#wire'
import { setAt, valueAt } from './readable.ts'

interface Edit {
  readonly part: Part
  readonly text: string
}

/** A new text that needs escapes, and is another one at each place. */
const newText = (at: number) => `new "${at}"\n\\ \u2028 🔑`

/**
 * Exchanges every second text, first the even ones and then the odd ones.
 *
 * @param replace  the code under test
 */
export function assertEdits(
  body: Uint8Array,
  parts: readonly Part[],
  replace: (edits: readonly Edit[]) => Uint8Array,
): void {
  const texts = parts.filter(({ isKey, start }) => isKey !== true && body[start] === 0x22)
  for (const remainder of [0, 1]) {
    const edits = texts.flatMap((part, at) => (at % 2 === remainder ? [{ part, text: newText(at) }] : []))
    if (edits.length === 0) continue
    let expected: unknown = JSON.parse(Buffer.from(body).toString())
    for (const { part, text } of edits) {
      assert.equal(valueAt(expected, part.path), part.text, 'a part is not at its path')
      expected = setAt(expected, part.path, text)
    }
    assert.deepEqual(JSON.parse(Buffer.from(replace(edits)).toString()), expected, 'an edit changed something else')
  }
}
