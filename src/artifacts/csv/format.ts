// Tables as text (RFC 4180 and what is called so), cell by cell: a spreadsheet takes some of them for formulas.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { encodingOf, lastBoundary } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { textShapeOf } from '../text/kind.ts'
import { shown } from '../text.ts'
import { judgeCell } from './formula.ts'
import * as rules from './rules.ts'

const windowLength = 1024 * 1024
const maxCell = 32 * 1024 * 1024

export const csv: Format = {
  id: 'csv',
  isActive: false,
  recognise: (probe) => (textShapeOf(probe)?.kind === 'csv' ? 'certain' : undefined),
  examine(examination) {
    const { source, budget, report, name } = examination
    const encoding = encodingOf(source.read(0, windowLength), source.size > windowLength)
    if (encoding === undefined) throw new ArtifactError('malformed', 'not a text')
    const decoder = new TextDecoder(encoding, { fatal: true })
    const cells = cellReader(/\.t(?:sv|ab)$/i.test(name) ? '\t' : undefined, (cell, row, column) => {
      const found = judgeCell(cell)
      if (found === undefined) return
      const message = `The cell in row ${row}, column ${column} ${found.what}: ${shown(cell.trim(), 80)}`
      report({
        rule: rules.formula,
        severity: found.severity,
        message,
        at: { pointer: `/${row}/${column}` },
        subject: found.what,
      })
    })
    for (let offset = 0; offset < source.size; ) {
      budget.checkTime()
      const bytes = source.read(offset, windowLength)
      const isLast = offset + bytes.length >= source.size
      const length = isLast ? bytes.length : encoding === 'utf-8' ? lastBoundary(bytes) : bytes.length & ~1
      if (bytes.subarray(0, length).includes(0) && encoding === 'utf-8')
        throw new ArtifactError('malformed', 'not a table: a null byte', offset)
      let text: string
      try {
        text = decoder.decode(bytes.subarray(0, length), { stream: !isLast })
      } catch {
        throw new ArtifactError('malformed', `not a text in ${encoding}`, offset)
      }
      cells.take(text)
      judgeText(examination, text, { offset })
      offset += length
    }
    cells.end()
    return source.size
  },
}

/** Cells out of a stream of text. A quote counts where a cell begins; a line ends a cell that is not quoted. */
function cellReader(fixed: string | undefined, onCell: (cell: string, row: number, column: number) => void) {
  let delimiter = fixed
  let cell = ''
  let isQuoted = false
  let wasQuote = false
  let row = 0
  let column = 0
  const finish = () => {
    onCell(cell, row, column)
    cell = ''
    column++
  }
  return {
    take(text: string) {
      delimiter ??= delimiterOf(text)
      let from = 0
      for (let at = 0; at < text.length; at++) {
        const sign = text[at]
        if (isQuoted) {
          if (wasQuote && sign !== '"') isQuoted = false
          else {
            if (sign === '"') wasQuote = !wasQuote
            continue
          }
          wasQuote = false
        }
        if (sign === '"' && (cell + text.slice(from, at)).trim() === '') {
          isQuoted = true
          wasQuote = false
        } else if (sign === delimiter || sign === '\n' || sign === '\r') {
          cell += text.slice(from, at)
          from = at + 1
          finish()
          if (sign !== delimiter) {
            column = 0
            if (sign === '\n') row++
          }
        }
      }
      cell += text.slice(from)
      if (cell.length > maxCell)
        throw new ArtifactError('over_limit', `limit reached: a cell of ${cell.length} characters`)
    },
    end: finish,
  }
}

/** The sign that comes most often in the first line. */
function delimiterOf(text: string): string {
  const line = /^[^\n\r]*/.exec(text)?.[0] ?? ''
  const counted = [',', ';', '\t', '|'].map((sign) => ({ sign, count: line.split(sign).length }))
  return counted.reduce((best, each) => (each.count > best.count ? each : best)).sign
}
