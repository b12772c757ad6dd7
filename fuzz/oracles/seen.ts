// The law of this gateway: whatever somebody can read in a body was given to the inspector, or is a word that says
// nothing, or is on record as not inspected.
import assert from 'node:assert/strict'
import type { Part } from '#wire'
import { SCHEMA_WORDS } from '../../src/wire/schema-words.ts'
import { isFieldName } from '../../src/wire/shape.ts'
import { type Readable, readables } from './readable.ts'

export interface Seen {
  /** Texts and names. */
  readonly parts: readonly Pick<Part, 'path' | 'isKey' | 'text' | 'start'>[]
  readonly uninspected: readonly { readonly path: string }[]
}

/**
 * Strings that are forwarded and are neither a part at exactly their place nor on record.
 *
 * @param body       in which the parts were found
 * @param forwarded  what goes on of it, without edits
 */
export function unseen(body: Uint8Array, forwarded: Uint8Array, { parts, uninspected }: Seen): Readable[] {
  const places = new Map(parts.map((part) => [part.path, part.text]))
  // Arguments that are an object are one part, which is JSON itself.
  const objects = parts.filter(({ start, isKey }) => !isKey && (body[start] === 0x7b || body[start] === 0x5b))
  const within = objects.map(({ path }) => `${path}/`)
  const onRecord = new Set(uninspected.map(({ path }) => path))
  return readables(JSON.parse(Buffer.from(forwarded).toString())).filter(
    ({ path, text }) =>
      text !== '' &&
      places.get(path) !== text &&
      !onRecord.has(path) &&
      !within.some((start) => path.startsWith(start)),
  )
}

/**
 * The words of closed lists, learnt from bodies whose every text is known to be a part: what is silent there.
 *
 * @param exceptions  places whose texts are judged elsewhere
 */
export function vocabulary(
  bodies: readonly (readonly [Uint8Array, Seen])[],
  exceptions: RegExp,
): (readable: Readable) => boolean {
  const words = new Set(SCHEMA_WORDS)
  for (const [body, seen] of bodies)
    for (const { path, text } of unseen(body, body, seen)) if (!exceptions.test(path)) words.add(text)
  return ({ path, text, isKey }) => words.has(text) || exceptions.test(path) || (isKey && isFieldName(text))
}

/** @throws when somebody could read what nobody inspected */
export function assertSeen(
  body: Uint8Array,
  forwarded: Uint8Array,
  seen: Seen,
  isSilent: (readable: Readable) => boolean,
): void {
  const passed = unseen(body, forwarded, seen).filter((readable) => !isSilent(readable))
  assert.deepEqual(passed, [], 'a text would be forwarded that nobody inspected')
}
