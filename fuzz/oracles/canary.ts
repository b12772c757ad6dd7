// Texts that occur nowhere by chance: planted into an input, they show where its bytes went.
import type { Detector } from '#inspect'
import type { Random } from '../engine/random.ts'

const letters = 'abcdefghijklmnopqrstuvwxyz'
const length = 10

/** A canary, such as `QZkdjeuaZX`: one of 300 million. */
export function canary(random: Random): string {
  let inner = ''
  for (let at = 0; at < length - 4; at++) inner += letters[random.below(letters.length)] ?? 'a'
  return `QZ${inner}ZX`
}

const pattern = /QZ[a-z]{6}ZX/g
const beginning = /Q(?:Z(?:[a-z]{0,5}|[a-z]{6}Z?))?$/

export function canariesIn(text: string): string[] {
  return text.match(pattern) ?? []
}

/** Finds every canary, in whole texts and over the pieces of a stream. */
export const canaryDetector: Detector = {
  id: 'planted',
  version: '1',
  category: 'secret',
  detect: ({ text }) => matchesIn(text, 0, text.length),
  stream: {
    maxLength: length,
    scan({ text, from, final }) {
      const pending = final ? text.length : text.length - (beginning.exec(text)?.[0].length ?? 0)
      return { matches: matchesIn(text, from, pending), pending }
    },
  },
}

function matchesIn(text: string, from: number, to: number) {
  return Array.from(text.matchAll(pattern), ({ index }) => ({
    kind: 'canary',
    start: index,
    end: index + length,
    score: 1,
  })).filter(({ start, end }) => start >= from && end <= to)
}

/** What takes the place of a canary that was found. */
export const removed = '[canary removed]'
