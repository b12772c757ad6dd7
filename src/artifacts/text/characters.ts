// Characters that a person does not see and a program reads: tags and variation selectors that spell a message,
// directional controls that show a text in another order (CVE-2021-42574), and sequences that a terminal obeys (ECMA-48).
import type { Report } from '../finding.ts'
import type { Severity } from '../rule.ts'
import { shown } from '../text.ts'
import * as rules from './rules.ts'

/** What a text may have that begins none of these: then nothing more is looked at. */
const anySuspect =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: joiners are looked for on their own
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\udb40]/

const tags = /(?:\udb40[\udc00-\udc7f])+/g
const selectors = /(?:[\ufe00-\ufe0f]|\udb40[\udd00-\uddef]){4,}/g
const invisible = /[\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u206f\u3164\ufeff\uffa0]{8,}/g

/**
 * @param text    as it would be read, its escapes decoded
 * @param isCode  a person reviews it before a program runs it, so that order and looks matter more
 */
export function judgeCharacters(text: string, isCode = false): Report[] {
  if (!anySuspect.test(text)) return []
  const reports: Report[] = []
  for (const { 0: run, index } of text.matchAll(tags)) {
    if (isFlag(text, index, run)) continue
    const message = `${run.length / 2} invisible tag characters spell "${shown(spelled(run), 60)}".`
    reports.push({ rule: rules.hiddenCharacters, message, at: { offset: index }, subject: 'tags' })
  }
  for (const { 0: run, index } of text.matchAll(selectors)) {
    const message = `A run of ${run.length} units of variation selectors carries data.`
    reports.push({ rule: rules.hiddenCharacters, message, at: { offset: index }, subject: 'variation selectors' })
  }
  for (const { 0: run, index } of text.matchAll(invisible)) {
    // A rule of the same character repeated carries nothing but its length.
    const severity: Severity = new Set(run).size > 1 ? 'high' : 'low'
    const message = `A run of ${run.length} characters without width.`
    reports.push({ rule: rules.hiddenCharacters, severity, message, at: { offset: index }, subject: 'zero width' })
  }
  if (/[\u202a-\u202e\u2066-\u2069]/.test(text)) reports.push(...judgeOrder(text, isCode))
  reports.push(...judgeControls(text, isCode))
  return reports
}

/** A flag such as that of Scotland: a black flag, tags of letters and digits, the end tag (UTS #51, ED-14a). */
function isFlag(text: string, index: number, run: string): boolean {
  const before = text.slice(Math.max(0, index - 2), index)
  return before === '\u{1f3f4}' && run.length <= 18 && /^[0-9a-z]{2,8}\x7f$/.test(spelled(run))
}

function spelled(run: string): string {
  return run.replace(/\udb40([\udc00-\udc7f])/g, (_, low: string) => String.fromCharCode(low.charCodeAt(0) - 0xdc00))
}

const rightToLeftLetters = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/

/** Embeddings, overrides and isolates that a line opens and does not close, in a line that needs none. */
function judgeOrder(text: string, isCode: boolean): Report[] {
  let offset = 0
  for (const line of text.split(/[\n\r\u2028\u2029]/)) {
    const controls = line.match(/[\u202a-\u202e\u2066-\u2069]/g)
    if (controls !== null) {
      const severity = weightOfOrder(line, controls, isCode)
      if (severity !== undefined) {
        const message = 'Directional control characters show a line in another order than it is read.'
        return [{ rule: rules.reorderedText, severity, message, at: { offset }, subject: 'order' }]
      }
    }
    offset += line.length + 1
  }
  return []
}

function weightOfOrder(line: string, controls: readonly string[], isCode: boolean): Severity | undefined {
  const open: string[] = []
  for (const sign of controls) {
    if (sign === '\u202c' || sign === '\u2069') open.pop()
    else open.push(sign)
  }
  const hasLetters = rightToLeftLetters.test(line)
  if (isCode) {
    if (open.length > 0) return 'high'
    return /[\u202d\u202e]/.test(line) ? 'medium' : undefined
  }
  if (hasLetters) return undefined
  // A left-to-right embedding without end is what copying a path from Windows leaves.
  if (open.some((sign) => /[\u202b\u202e\u2067]/.test(sign))) return 'high'
  return /\u202e/.test(line) ? 'high' : open.length > 0 ? 'low' : undefined
}

/** What a terminal would obey. Colours are what logs are full of; titles, clipboards and hidden text are not. */
function judgeControls(text: string, isCode: boolean): Report[] {
  const reports: Report[] = []
  const found = (severity: Severity, what: string, offset: number) =>
    reports.push({
      rule: rules.terminalControl,
      severity,
      message: `The text ${what}.`,
      at: { offset },
      subject: what,
    })
  const sequences = /(?:\x1b|\u009b(?=[\d;?]*[A-Za-z]))([[\]P_^X]?)([0-9;:?<=>!]{0,40})([ -/]?)(.?)/gu
  for (const { 0: whole, 1: kind = '', 2: numbers = '', 4: final = '', index } of text.matchAll(sequences)) {
    const isOpening = kind === '[' || whole.startsWith('\u009b')
    if (isOpening && final === 'm') {
      if (/(?:^|;)8(?:;|$)/.test(numbers)) found('high', 'makes what follows invisible in a terminal', index)
      else if (isCode) found('low', 'colours itself in a terminal', index)
    } else if (isOpening && /[A-HJKSTfsuhlr]/.test(final))
      found(/[JK]/.test(final) ? 'high' : 'medium', 'moves about or erases in a terminal', index)
    else if (kind === ']') found('high', "sets a terminal's title, links or clipboard", index)
    else if (kind === 'P' || kind === '_' || kind === '^') found('high', 'sends a command to a terminal', index)
  }
  const erased = text.search(/\x08{3,}|[^\r\n]\r(?!\n)[^\r\n]*\x1b/)
  if (erased >= 0 && isCode) found('medium', 'overwrites itself in a terminal', erased)
  return reports.slice(0, 20)
}
