// Cells that a spreadsheet would calculate instead of show (owasp.org/www-community/attacks/CSV_Injection).
import type { Severity } from '../rule.ts'

export interface CellFinding {
  readonly severity: Severity
  readonly what: string
}

/** Functions that reach out of the sheet, in Excel, LibreOffice and Google Sheets. */
const reaching =
  /\b(?:HYPERLINK|WEBSERVICE|FILTERXML|IMPORT(?:XML|DATA|HTML|FEED|RANGE)|IMAGE|RTD|CALL|REGISTER(?:\.ID)?|EXEC|SHELL|RUN|DDE|FOPEN|FWRITE\w*|SQL\.REQUEST|STOCKHISTORY|CUBE\w+|GETPIVOTDATA|QUERY)\s*\(/i
/** Dynamic data exchange: a program, a bar, a topic, an exclamation mark, an item. */
const exchange = /[A-Za-z][\w.\\: -]{0,60}\|\s*['"]?[^|]{0,400}['"]?\s*!['"A-Za-z0-9$_]/
const call = /[A-Za-z][\w.]*\s*\(/

/** @returns undefined for numbers, telephone numbers, handles, lists and prose */
export function judgeCell(raw: string): CellFinding | undefined {
  if (raw.length > 32_767 * 4) return undefined
  for (const part of partsOf(raw)) {
    const found = judgePart(part)
    if (found !== undefined) return found
  }
  return undefined
}

/** The cell itself; and what another program, splitting elsewhere, would take for a cell. */
function* partsOf(raw: string): Generator<string> {
  yield raw
  if (!/[|(]/.test(raw) || !/[;\t,\n\r]/.test(raw)) return
  for (const part of raw.split(/[;\t\n\r]/).slice(1)) if (exchange.test(part)) yield part
}

function judgePart(raw: string): CellFinding | undefined {
  const cell = raw
    .normalize('NFKC')
    .replace(/^[\s\p{Cc}\p{Cf}"'`]+/u, '')
    .trimEnd()
  const [first = ''] = cell
  if (first === '' || !'=+-@'.includes(first)) return undefined
  const formula = cell.slice(1)
  if (exchange.test(formula)) return { severity: 'high', what: 'starts a program (DDE)' }
  if (
    reaching.test(formula) &&
    (first === '=' || /^[-+@=\s]*[A-Za-z.]+\s*\(/.test(formula) || /^[^\s]{0,40}[A-Z]{4,}\(/.test(formula))
  )
    return { severity: 'high', what: 'is a formula that reaches out of the sheet' }
  if (isPlain(cell)) return undefined
  if (first === '=' && new RegExp(`^[=+\\-@\\s]*(?:${call.source})`).test(formula))
    return { severity: 'medium', what: 'is a formula' }
  if (first === '@' && /^[A-Z][A-Z.]{1,20}\([^)]*\)/.test(formula)) return { severity: 'medium', what: 'is a formula' }
  return /^=[$]?[A-Z]{1,3}[$]?\d{1,7}(?:[-+*/^&:]|$)/.test(cell) ? { severity: 'low', what: 'is a formula' } : undefined
}

function isPlain(cell: string): boolean {
  return (
    /^[+-]?\s*[$€£¥]?\s*(?:\d[\d.,_\s']*|\.\d+)(?:[eE][+-]?\d+)?\s*[%\p{L}$€£¥°]{0,8}$/u.test(cell) ||
    /^[+(][\d\s()./x-]{4,}$/i.test(cell) ||
    /^@[\p{L}\p{N}_.-]+(?:$|[\s,:;!?'])/u.test(cell) ||
    /^(?:[-+=@]+\s|-{2,}|={2,}|\+{2,}|[-+=@]+$)/.test(cell)
  )
}
