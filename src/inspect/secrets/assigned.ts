/**
 * Secrets without a form of their own, known by what they are assigned to: `DB_PASSWORD=…`, `"client_secret": "…"`,
 * `Authorization: Bearer …`, `AccountKey=…`, "the password is …". The value alone is reported, and only when it does not
 * look like code, a name or a placeholder.
 */
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { entropy, isIdentifier, isPlaceholder, isWordy } from './plausible.ts'

/** How far the name of a value may begin before it; a stream keeps more than this of what it released. */
const REACH = 96
/** What stands before the name, such as `aws_secret_` before `access_key`. */
const MAX_LEAD = 24
const MIN_VALUE = 6
/** Longer values are documents, not secrets; those with a form of their own are found by it. */
const MAX_VALUE = 512

export function findAssigned(window: Window, found: Collector): void {
  const { text, from, final } = window
  let runStop = 0
  ASSIGNMENT.lastIndex = Math.max(0, from - REACH)
  for (let match = ASSIGNMENT.exec(text); match !== null; match = ASSIGNMENT.exec(text)) {
    const start = ASSIGNMENT.lastIndex
    if (start < from) continue
    const quote = /["'`]$/.exec(match[0])?.[0] ?? ''
    // Names inside a value share its end, so a run of them is walked once.
    if (start >= runStop) runStop = valueEnd(text, start)
    const stop = runStop
    if (stop - start > MAX_VALUE) continue
    if (stop === text.length && !final) {
      hold(found, start)
      continue
    }
    const end = quote === '' ? trimmedEnd(text, start, stop) : stop
    const lead = text.slice(Math.max(0, match.index - MAX_LEAD), match.index)
    const kind = classify(lead, match[0], text.slice(start, end), text[stop] ?? '', quote)
    if (kind !== undefined) report(found, kind, start, end, 0.8)
  }
}

const PASSWORD =
  'pass(?:word|wd|phrase|code)?|pwd|passwort|kennwort|mot de passe|contrasena|senha|wachtwoord|parola|sifre|пароль|密码|密碼|パスワード|비밀번호'
const KEY =
  '(?:api|access|auth|account|sharedaccess|secret|private|encryption|signing|master|client|service|storage)[-_ ]?key(?:[-_ ]?id)?|api[-_ ]?token'
const SECRET = '(?:client|app|shared|consumer|webhook)?[-_ ]?secret|token|credentials?|bearer|authorization'
/** A name, what ends it (quote, bracket), an assignment or 'is', and an opening quote. */
const ASSIGNMENT = new RegExp(
  `(?:${PASSWORD}|${KEY}|${SECRET})["'\`\\])]{0,2}(?:[ \\t]{0,3}(?::=|=>|==|=|:)[ \\t]{0,3}|[ \\t](?:is|ist|est|es|e|was|lautet)(?:[ \\t]?:)?[ \\t]|(?<=bearer)[ \\t])` +
    `(?:Bearer[ \\t]|Basic[ \\t]|Token[ \\t])?["'\`]?`,
  'gi',
)

const ENDS_VALUE = new Set([...' \t\r\n"\'`,;<>(){}[]|\\'].map((char) => char.charCodeAt(0)))

function valueEnd(text: string, start: number): number {
  let index = start
  while (index < text.length) {
    const code = text.charCodeAt(index)
    if (code <= 0x20 || code >= 0x7f || ENDS_VALUE.has(code)) break
    index++
  }
  return index
}

/** Without quotes, the full stop of a sentence and the & of a query string are not part of the value. */
function trimmedEnd(text: string, start: number, stop: number): number {
  const value = text.slice(start, stop)
  const query = /^[\w.~%+-]{12,}&[\w.-]+=/.test(value) ? start + value.indexOf('&') : stop
  let end = query
  while (end > start && /[.!?:*]/.test(text[end - 1] ?? '')) end--
  return end
}

/** The kind of secret that the value is, or `undefined`. */
function classify(lead: string, name: string, value: string, next: string, quote: string): string | undefined {
  if (value.length < MIN_VALUE) return undefined
  if ('([{<'.includes(next) && next !== '') return undefined
  if (quote !== '' && next !== quote && next !== '\\') return undefined
  if (isPlaceholder(value) || isCode(value)) return undefined
  if (PASSWORD_NAME.test(name)) return isPassword(value) ? 'assigned_secret' : undefined
  if (!isRandom(value)) return undefined
  if (/^[A-Za-z0-9/+]{40}$/.test(value) && /secret|aws/i.test(lead + name)) return 'aws_secret_key'
  if (/^[A-Za-z0-9+/]{43,86}==?$/.test(value) && /account|sharedaccess/i.test(name)) return 'azure_storage_key'
  return 'assigned_secret'
}

const PASSWORD_NAME = new RegExp(`^(?:${PASSWORD})`, 'i')

/** Chosen by a person: more than one kind of character, and not just a name. */
function isPassword(value: string): boolean {
  if (!/[a-z]/i.test(value) || !/[\d!@#$%^&*+=~?]/.test(value)) return false
  return !/^(?:[a-z]+[-_.])+[a-z]+\d?$/i.test(value)
}

/** Made by a machine: long, letters and digits, high entropy. */
function isRandom(value: string): boolean {
  return (
    value.length >= 16 &&
    /\d/.test(value) &&
    /[a-zA-Z]/.test(value) &&
    !isIdentifier(value) &&
    !isWordy(value) &&
    entropy(value) >= 3
  )
}

/** An expression, a reference, a path or an address instead of a value. */
function isCode(value: string): boolean {
  return CODE.test(value)
}

const CODE =
  /^\$\w+$|^%\w+%$|^[*&]\w+$|^[./~]|\$[{(]|\{\{|:\/\/|^[a-z_$][\w$]*(?:\.[a-z_$][\w$]*)+$|^(?:process|os|env|self|this)\.|^sha\d+:/i
