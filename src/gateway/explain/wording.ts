// All sentences of an explanation, in one place. Facts come from the log, which others may have written: whoever prints
// the sentences makes them harmless for a terminal.
import type { StageName } from '../exchange.ts'
import type { ExchangeEntry, ReadQuestion } from '../logged-entry.ts'
import type { Explanation } from './explanation.ts'

type Verdict = Explanation['verdicts'][number]
type Attempt = Explanation['upstream']['attempts'][number]

/** What a stage did, when the exchange passed it. */
export function passedWords(
  stage: StageName,
  decision: ExchangeEntry,
  verdicts: readonly Omit<Verdict, 'words'>[],
  bytesIn = 0,
): string {
  const { upstream, alternatives = [] } = decision.unmapped.holdfast
  const operation = decision.api?.operation ?? 'the operation'
  switch (stage) {
    case 'guard':
      return 'the address was not held back'
    case 'accept':
      return `a well-formed request for ${operation}`
    case 'identify':
      return `the credential speaks for ${decision.actor?.user.uid ?? 'somebody'}`
    case 'authorise':
      return `the policies permit ${operation}`
    case 'admit':
      return 'the rate and concurrency limits had room'
    case 'read':
      return bytesIn === 0 ? 'there was nothing to read' : `${bytesIn} bytes were read and understood`
    case 'select':
      return upstream === undefined
        ? 'no upstream is needed yet'
        : `${[upstream, ...alternatives].join(', then ')} may serve it`
    case 'reserve':
      return 'the budgets had room'
    case 'inspect request':
      return inspectedWords(decision, verdicts)
    case 'clear':
      return 'the upstream may have this data'
    case 'transform':
      return decision.action_id === 4
        ? 'what must not leave was replaced by placeholders'
        : 'nothing had to be replaced'
  }
}

function inspectedWords(decision: ExchangeEntry, verdicts: readonly Omit<Verdict, 'words'>[]): string {
  const { scan } = decision.unmapped.holdfast
  if (scan === 'not_applicable') return 'there is no text to inspect'
  if (scan !== 'scanned') return 'the texts were NOT inspected'
  const found = verdicts.filter(({ direction }) => direction === 'request').length
  return found === 0 ? 'nothing was found' : `${found} found, see below`
}

export function stoppedWords(decision: ExchangeEntry): string {
  return `stopped the exchange: ${decision.policy?.uid ?? 'the rule is not on record'}`
}

export const notReachedWords = 'was not reached'

export function verdictWords({
  detector,
  version,
  category,
  kind,
  action,
  direction,
  path,
}: Omit<Verdict, 'words'>): string {
  const what = `${category} (${kind.replaceAll('_', ' ')})`
  return `${what} in the ${direction} at ${path || 'its text'}, found by ${detector}@${version}: ${actionWords(action, direction)}`
}

function actionWords(action: string, direction: string): string {
  switch (action) {
    case 'mask':
      return direction === 'request' ? 'replaced by a placeholder' : 'removed'
    case 'block':
      return 'blocked'
    case 'flag':
      return 'noted, and let through'
    case 'allow':
      return 'let through'
    default:
      return action
  }
}

export function questionWords(question: ReadQuestion): string {
  if ('withheld' in question) return `${question.action}: too long to be on record`
  if (!('model' in question)) return `may the caller call ${question.operation}?`
  const { model, upstream, context } = question
  const ways = Object.entries(context).flatMap(([name, value]) => {
    if (value === false || (Array.isArray(value) && value.length === 0)) return []
    return [value === true ? name : `${name}: ${Array.isArray(value) ? value.join(' ') : JSON.stringify(value)}`]
  })
  return `may the caller use the model ${model} at ${upstream}${ways.length === 0 ? '' : ` (${ways.join(', ')})`}?`
}

export function attemptWords({ upstream, sent, status, error, ms }: Omit<Attempt, 'words'>): string {
  const time = ms === undefined ? '' : ` after ${ms} ms`
  if (status !== undefined) return `${upstream} answered ${status}${time}`
  return `${upstream} failed${time} (${error ?? 'no reason on record'}); the request was ${sent ? 'sent' : 'not sent'}`
}

/** How it ended, from the outcome entry. */
export function endingWords(decision: ExchangeEntry | undefined, outcome: ExchangeEntry | undefined): string {
  if (outcome === undefined)
    return 'how it ended is not on record: it is still running, or the gateway was killed before it could be written'
  const { ended, told, bytes_out: bytes = 0 } = outcome.unmapped.holdfast
  const status = outcome.http_response?.code
  switch (ended) {
    case 'complete':
      return `the client got the whole answer: status ${status ?? '?'}, ${bytes} bytes`
    case 'refused':
      return `the client was refused with ${status ?? '?'} ${decision?.status_code ?? told ?? ''}`.trimEnd()
    case 'blocked':
      return `the answer was stopped on its way (${told ?? outcome.status_code ?? 'blocked'}); ${bytes} bytes had been sent in all`
    case 'client_hung_up':
      return `the client hung up after ${bytes} bytes`
    case 'upstream_failed':
      return `the upstream failed, and the client was told ${told ?? 'so'}`
    case 'failed':
      return `Holdfast could not carry it out, and let nothing through unchecked (${told ?? outcome.policy?.uid ?? 'failed'})`
    default:
      return 'how it ended is not on record'
  }
}

/** How a call of the management API ended: only one that changes something has an outcome entry. */
export function managementEndingWords(decision: ExchangeEntry | undefined, outcome: ExchangeEntry | undefined): string {
  if (outcome !== undefined) return `the caller was answered with status ${outcome.http_response?.code ?? '?'}`
  if (decision?.action_id === 2) return `the caller was refused (${decision.status_code ?? 'no code on record'})`
  return 'it was permitted; of a call that only reads, no more is on record'
}

export function summaryWords({ who, what, result, policy, upstream, told }: Omit<Explanation, 'summary'>): string {
  const asked = `${who.principal} asked for ${what.operation}${what.model === undefined ? '' : ` with ${what.model}`}`
  const rule = policy.rule === undefined ? '' : ` by ${policy.rule}`
  switch (result) {
    case 'answered':
      return `${asked} and was answered${upstream.name === undefined ? '' : ` by ${upstream.name}`}; permitted${rule}.`
    case 'refused':
      return `${asked} and was refused (${told.code ?? 'no code on record'})${rule}.`
    case 'blocked':
      return `${asked}; the answer was blocked (${told.code ?? 'no code on record'}).`
    case 'upstream_failed':
      return `${asked}; no upstream could answer (${told.code ?? 'no code on record'}).`
    case 'failed':
      return `${asked}; it failed closed (${told.code ?? 'no code on record'}).`
    case 'client_hung_up':
      return `${asked} and hung up before the answer was out.`
    case 'unknown':
      return `${asked}; how it ended is not on record.`
  }
}

export const remarks = {
  noDecision:
    'The decision entry is missing: it was never written, or somebody took it out. Run holdfast audit verify.',
  noOutcome: 'The outcome entry is missing.',
  repeated: 'There is more than one entry of the same kind for this exchange; the first of each is shown.',
  noBasis: 'What the caller looked like to the policies is not on record.',
  unproven: 'An entry is not the one that was signed: do not rely on what is told here. Run holdfast audit verify.',
  management: 'A call of the management API: it goes through none of the stages of the gateway.',
  noPolicy: 'The entries do not say what policy was asked: an older version wrote them.',
} as const
