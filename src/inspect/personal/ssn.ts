/** US social security numbers by the Social Security Administration's rules for area, group and serial number. */

import { DIGIT, runEnd } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { endIsOpen, endsNumber, startsNumber } from './boundary.ts'
import { hasContext } from './context.ts'

const CONTEXT = /\b(?:ssns?|ssn#|social security|soc(?:ial)? sec|taxpayer id|itin|tax id)\b[^0-9]{0,24}$/i

/** A number in three groups is one by itself; without separators, or with an area that was never issued, only by context. */
export function ssnAt(window: Window, start: number, found: Collector): void {
  const { text, final } = window
  if (!startsNumber(text, start)) return
  const shape = readShape(text, start)
  if (shape === undefined) return
  if (shape === 'open' || endIsOpen(window, shape.end)) {
    if (!final) hold(found, start)
    return
  }
  const { digits, end, isGrouped } = shape
  if (!endsNumber(text, end) || digits.slice(3, 5) === '00' || digits.slice(5) === '0000') return
  const area = Number(digits.slice(0, 3))
  if (area === 0 || area === 666) return
  const hasHyphenBefore = text[start - 1] === '-'
  if (isGrouped && area < 900 && !hasHyphenBefore) report(found, 'us_ssn', start, end, 0.85)
  else if (hasContext(text, start, CONTEXT)) report(found, 'us_ssn', start, end, 0.9)
}

interface Shape {
  readonly digits: string
  readonly end: number
  readonly isGrouped: boolean
}

/** Reads ddd-dd-dddd, ddd dd dddd or ddddddddd; 'open' when the text ends inside. */
function readShape(text: string, start: number): Shape | 'open' | undefined {
  const area = runEnd(text, start, DIGIT, start + 10)
  if (area - start === 9) return { digits: text.slice(start, area), end: area, isGrouped: false }
  if (area === text.length && area - start < 9) return 'open'
  if (area - start !== 3) return undefined
  const separator = text[area]
  if (separator !== '-' && separator !== ' ') return undefined
  const group = runEnd(text, area + 1, DIGIT, area + 4)
  if (group === text.length && group - area - 1 < 3) return 'open'
  if (group - area - 1 !== 2 || text[group] !== separator) return undefined
  const serial = runEnd(text, group + 1, DIGIT, group + 6)
  if (serial === text.length && serial - group - 1 < 4) return 'open'
  if (serial - group - 1 !== 4) return undefined
  return {
    digits: text.slice(start, area) + text.slice(area + 1, group) + text.slice(group + 1, serial),
    end: serial,
    isGrouped: true,
  }
}
