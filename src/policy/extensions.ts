/** Cedar's extension types: which function takes what. The types themselves are in decimal.ts, ip.ts and datetime.ts. */
import { datetime, duration, offset, toDate, toTime, wholeUnits } from './datetime.ts'
import { decimal } from './decimal.ts'
import { EvaluationFailure } from './errors.ts'
import { ip, isInRange, isLoopback, isMulticast } from './ip.ts'
import { subtract } from './longs.ts'
import type { Composite, Value } from './values.ts'
import { wrongType } from './values.ts'

type Extension = (args: readonly Value[]) => Value
type Extended = Extract<Composite, { kind: 'decimal' | 'datetime' | 'duration' | 'ip' }>
type Kind = Extended['kind']

const EXTENSIONS: ReadonlyMap<string, Extension> = new Map([
  ['decimal', parser(decimal)],
  ['lessThan', binary('decimal', 'decimal', (a, b) => a.value < b.value)],
  ['lessThanOrEqual', binary('decimal', 'decimal', (a, b) => a.value <= b.value)],
  ['greaterThan', binary('decimal', 'decimal', (a, b) => a.value > b.value)],
  ['greaterThanOrEqual', binary('decimal', 'decimal', (a, b) => a.value >= b.value)],

  ['ip', parser(ip)],
  ['isIpv4', unary('ip', (range) => range.version === 4)],
  ['isIpv6', unary('ip', (range) => range.version === 6)],
  ['isLoopback', unary('ip', isLoopback)],
  ['isMulticast', unary('ip', isMulticast)],
  ['isInRange', binary('ip', 'ip', isInRange)],

  ['datetime', parser(datetime)],
  ['offset', binary('datetime', 'duration', offset)],
  [
    'durationSince',
    binary('datetime', 'datetime', (a, b) => ({ kind: 'duration', value: subtract(a.value, b.value) }) as const),
  ],
  ['toDate', unary('datetime', toDate)],
  ['toTime', unary('datetime', toTime)],

  ['duration', parser(duration)],
  ['toMilliseconds', unary('duration', (span) => span.value)],
  ['toSeconds', unary('duration', (span) => wholeUnits(span, 's'))],
  ['toMinutes', unary('duration', (span) => wholeUnits(span, 'm'))],
  ['toHours', unary('duration', (span) => wholeUnits(span, 'h'))],
  ['toDays', unary('duration', (span) => wholeUnits(span, 'd'))],
])

/**
 * Calls an extension function by name.
 *
 * @throws EvaluationFailure for an unknown function, a wrong number or type of arguments, and a text that is no such value
 */
export function callExtension(name: string, args: readonly Value[]): Value {
  const extension = EXTENSIONS.get(name)
  if (extension === undefined) throw new EvaluationFailure(`'${name}' is not an extension function`)
  return extension(args)
}

function parser(parse: (text: string) => Extended): Extension {
  return (args) => {
    const text = only(args)
    if (typeof text !== 'string') throw wrongType('string', text)
    return parse(text)
  }
}

function unary<K extends Kind>(kind: K, apply: (value: Extract<Extended, { kind: K }>) => Value): Extension {
  return (args) => apply(ofKind(kind, only(args)))
}

function binary<A extends Kind, B extends Kind>(
  left: A,
  right: B,
  apply: (a: Extract<Extended, { kind: A }>, b: Extract<Extended, { kind: B }>) => Value,
): Extension {
  return (args) => {
    const [a, b] = args
    if (a === undefined || b === undefined || args.length > 2) throw wrongCount(2, args.length)
    return apply(ofKind(left, a), ofKind(right, b))
  }
}

function only(args: readonly Value[]): Value {
  const [value] = args
  if (value === undefined || args.length > 1) throw wrongCount(1, args.length)
  return value
}

/** Cedar's parser lets a wrong number of arguments through, so it is an error of evaluation. */
function wrongCount(expected: number, actual: number): EvaluationFailure {
  return new EvaluationFailure(`wrong number of arguments: expected ${expected}, got ${actual}`)
}

function ofKind<K extends Kind>(kind: K, value: Value): Extract<Extended, { kind: K }> {
  if (!isKind(kind, value)) throw wrongType(kind, value)
  return value
}

function isKind<K extends Kind>(kind: K, value: Value): value is Extract<Extended, { kind: K }> {
  return typeof value === 'object' && value.kind === kind
}
