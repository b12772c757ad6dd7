// Hands texts to the detectors of secrets, instructions and personal data that guard the traffic too.
import { createInspector, type Detector, injection, personalData, secrets } from '#inspect'
import type { Report } from '../finding.ts'
import type { Severity } from '../rule.ts'
import * as rules from './rules.ts'

export interface TextChecks {
  readonly secrets: boolean
  readonly instructions: boolean
  readonly personalData: boolean
}

export type TextInspector = (text: string, place: string) => readonly Report[]

/** In force where nothing else is asked for. Personal data is the rule in many data sets, and so asked for explicitly. */
export const defaultTextChecks: TextChecks = { secrets: true, instructions: true, personalData: false }

/** @param place  `document`, or `hidden` for what a person does not see: what is ordered there weighs more */
export function createTextInspector(checks: TextChecks): TextInspector {
  const careful = inspectorOf([
    ...(checks.secrets ? [secrets()] : []),
    ...(checks.instructions ? [injection()] : []),
    ...(checks.personalData ? [personalData()] : []),
  ])
  return (text, place) => {
    if (!checks.personalData && !isWorthALook(text, checks)) return []
    const verdicts = careful.inspect(
      { text, channel: 'document', contentType: 'text', direction: 'request' },
      { tenant: 'artifacts' },
    )
    if (verdicts instanceof Promise) return []
    const pairs = checks.secrets && !verdicts.some(({ category }) => category === 'secret') ? examplePair(text) : []
    const found = verdicts.flatMap((verdict) => {
      const at = { offset: verdict.start, length: verdict.end - verdict.start }
      if (verdict.category === 'secret') return [secretReport(verdict.kind, text.slice(verdict.start, verdict.end), at)]
      if (verdict.category === 'personal')
        return [
          {
            rule: rules.personalData,
            message: `Personal data of the kind ${verdict.kind}.`,
            at,
            subject: verdict.kind,
          },
        ]
      return [instructionReport(verdict.kind, verdict.score, verdict.view, place, at)]
    })
    return [...found, ...pairs]
  }
}

function inspectorOf(detectors: readonly Detector[]) {
  // The time limit only tells; these detectors are synchronous and linear, and the scan has its own clock.
  const actions = { request: {}, response: {} }
  return createInspector({ detectors, actions, cacheEntries: 0, timeLimitMs: 60_000, now: () => 0 })
}

/** The detectors read about one megabyte a second: most texts have nothing of what they look for. */
function isWorthALook(text: string, checks: TextChecks): boolean {
  return (checks.secrets && mayHoldSecret.test(text)) || (checks.instructions && mayGiveOrders.test(text))
}

const mayHoldSecret =
  /A[KSBC][IC]A[A-Z0-9]{12}|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|xox[a-z][-.]|xapp-|hooks\.slack|[sr]k[-_]|hf_[A-Za-z]|AIza|ya29\.|npm_|pypi-|dop_v1|shp[a-z]{2}_|SG\.|key-|eyJ[A-Za-z0-9_-]{8}|-----BEGIN|:\/\/[^\s/@:]{1,64}:[^\s/@]{3,}@|AccountKey=|(?:secret|passw|token|api[-_ ]?key|access[-_ ]?key|credential)\w{0,20}["'\s]{0,3}[:=]/i

const mayGiveOrders =
  /\b(?:ignore|disregard|forget|override|bypass)\b[^\n]{0,80}\b(?:instruct|prompt|rule|previous|above|guideline)|system\s+prompt|jailbreak|\bDAN\b|developer mode|new instructions?|<\|(?:im_start|system)|\[\/?INST\]|(?:send|forward|post|exfiltrate|upload|leak)\b[^\n]{0,60}\b(?:conversation|history|credential|password|secret|key|token|attacker)|you are now|\bi[gq]n[o0]r[e3]\b|(?:[A-Za-z0-9+/]{4}){16,}={0,2}/i

/** The secret itself is never told: its first characters say whose it is, its length that it is whole. */
function secretReport(kind: string, secret: string, at: NonNullable<Report['at']>): Report {
  const masked = `${secret.slice(0, 4).replace(/[^A-Za-z0-9_-]/g, '*')}… (${secret.length} characters)`
  const message = `A secret of the kind ${kind}: ${masked}`
  return { rule: rules.secretInText, severity: weightOfSecret(kind), message, at, subject: `${kind} ${at.offset}` }
}

/**
 * Both halves of an access key beside each other, even where one calls itself an example: data that teaches a model to
 * give out keys is worth a look.
 */
function examplePair(text: string): Report[] {
  const pair =
    /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b[\s\S]{0,200}?secret_?(?:access_?)?key["'\s:=]{1,6}[A-Za-z0-9/+]{40}\b/i.exec(text)
  if (pair === null) return []
  const message = 'Both halves of an access key of AWS, by their looks an example.'
  return [{ rule: rules.secretInText, severity: 'medium', message, at: { offset: pair.index }, subject: 'example' }]
}

/** Formats that only their issuer makes are certain; an assignment of something random is not. */
function weightOfSecret(kind: string): Severity {
  if (kind === 'url_password') return 'low'
  return kind === 'assigned_secret' || kind === 'jwt' ? 'medium' : 'high'
}

/**
 * A text about attacks quotes them, so an order that everybody can read is a note. One that is encoded or hidden, or that
 * asks for data or tools and leaves no doubt, is not.
 */
function instructionReport(
  kind: string,
  score: number,
  view: string | undefined,
  place: string,
  at: NonNullable<Report['at']>,
): Report {
  if (place === 'hidden')
    return {
      rule: rules.hiddenInstructions,
      message: `Hidden text gives orders to a model (${kind}).`,
      at,
      subject: kind,
    }
  const isEncoded = view !== undefined && score >= 0.8
  const isTheft = (kind === 'exfiltration' || kind === 'tool_hijack') && score >= 0.9
  const severity: Severity = isEncoded || isTheft ? 'high' : score >= 0.97 ? 'medium' : 'low'
  const encoded = view === undefined ? '' : `, encoded (${view})`
  return {
    rule: rules.instructions,
    severity,
    message: `The text gives orders to a model (${kind}${encoded}).`,
    at,
    subject: kind,
  }
}
