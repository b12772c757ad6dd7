import { deepEqual, doesNotMatch, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLogger, type LogSettings } from './logger.ts'

const at = Date.UTC(2026, 10, 20)

function loggerWith(settings: Partial<LogSettings> = {}) {
  const lines: string[] = []
  const logger = createLogger(
    (line) => lines.push(line),
    () => at,
  )
  logger.configure({ format: 'text', level: 'warn', access: false, ...settings })
  return { lines, logger }
}

test('text is for people: one event, and what follows indented', () => {
  const { lines, logger } = loggerWith()
  logger.tell({ level: 'warn', event: 'warning', text: 'two lines\nholdfast: not an event' })
  deepEqual(lines, ['holdfast: two lines\n  holdfast: not an event\n'])
})

test('JSON has time, level, event and message first, and no field takes their place', () => {
  const { lines, logger } = loggerWith({ format: 'json' })
  logger.tell({ level: 'error', event: 'failure', text: 'it broke', fields: { event: 'other', code: 'E1' } })
  equal(
    lines.join(''),
    '{"time":"2026-11-20T00:00:00.000Z","level":"error","event":"failure","message":"it broke","code":"E1"}\n',
  )
})

test('what is less than the level is not written, and access lines always are', () => {
  const { lines, logger } = loggerWith({ level: 'error' })
  logger.tell({ level: 'info', event: 'started', text: 'a' })
  logger.tell({ level: 'warn', event: 'warning', text: 'b' })
  logger.tell({ level: 'error', event: 'failure', text: 'c' })
  logger.tell({ level: 'access', event: 'exchange', text: 'd' })
  deepEqual(lines, ['holdfast: c\n', 'holdfast: d\n'])
})

test('no text can reach the terminal as anything but text, and JSON gives it back as it was', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, (message, field) => {
      for (const format of ['text', 'json'] as const) {
        const { lines, logger } = loggerWith({ format })
        logger.tell({ level: 'warn', event: 'warning', text: message, fields: { field } })
        equal(lines.length, 1)
        doesNotMatch(lines[0] ?? '', /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        if (format === 'text') continue
        equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1)
        const read = JSON.parse(lines[0] ?? '')
        deepEqual([read.message, read.field], [message, field])
      }
    }),
  )
})
