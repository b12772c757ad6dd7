// What the operator is told on stderr: one event after the other, as lines for people or as JSON for machines. Never a
// word of a client and never a secret: that is up to whoever tells.
import { z } from 'zod'

export const logsSchema = z
  .strictObject({
    format: z
      .enum(['text', 'json'])
      .default('text')
      .describe('How lines on stderr are written: for people, or one JSON object each.'),
    level: z
      .enum(['error', 'warn', 'info'])
      .default('warn')
      .describe('The least that is written: error, warn, or info (starts, stops, reloads and circuits too).'),
    access: z
      .boolean()
      .default(false)
      .describe('Write a line for each request as well, at any level. The log of decisions does not need it.'),
  })
  .prefault({})

export type LogSettings = z.output<typeof logsSchema>

/** One event. Plain data. */
export interface LogLine {
  /** `access` is written at any level. */
  readonly level: LogSettings['level'] | 'access'
  /** Stable, machine-readable: `worker_ended`. */
  readonly event: string
  /** For people. */
  readonly text: string
  readonly fields?: Readonly<Record<string, string | number | boolean | undefined>>
}

export interface Logger {
  tell(line: LogLine): void
  /** How lines are written from now on. */
  configure(settings: LogSettings): void
}

/**
 * @param write   takes whole lines
 * @param format  wins over what `configure` says
 */
export function createLogger(
  write: (text: string) => void,
  now: () => number,
  format?: LogSettings['format'] | undefined,
): Logger {
  let settings: LogSettings = { format: 'text', level: 'warn', access: false }
  return {
    tell(line) {
      if (line.level !== 'access' && severity[line.level] < severity[settings.level]) return
      write((format ?? settings.format) === 'json' ? jsonLine(line, now()) : textLine(line))
    },
    configure(next) {
      settings = next
    },
  }
}

const severity = { info: 0, warn: 1, error: 2 } as const

/** More lines of the same event are indented, so that no text can look like an event of its own. */
function textLine({ text }: LogLine): string {
  const safe = text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
  return `holdfast: ${safe.trimEnd().replaceAll('\n', '\n  ')}\n`
}

function jsonLine({ level, event, text, fields }: LogLine, now: number): string {
  const own = {
    time: new Date(now).toISOString(),
    level: level === 'access' ? 'info' : level,
    event,
    message: text,
  }
  // First in the line, and no field can take their place.
  const json = JSON.stringify({ ...own, ...fields, ...own })
  // JSON escapes only half of what moves a cursor or turns a line around.
  return `${json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16)
    return `\\u${unit.padStart(4, '0')}`
  }).join('')
}
