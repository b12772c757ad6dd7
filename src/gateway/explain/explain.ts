// From the entries of one exchange to what happened in it. A pure function: whoever calls it has read the log.
import { sha256Hex } from '#crypto'
import type { PolicySet } from '#policy'
import { type StageName, stageNames } from '../exchange.ts'
import {
  type ExchangeEntry,
  isManagementCall,
  type ReadQuestion,
  readBasis,
  readExchangeEntry,
} from '../logged-entry.ts'
import { adviceFor } from './advice.ts'
import type { EntryProofState, Explanation } from './explanation.ts'
import {
  attemptWords,
  endingWords,
  managementEndingWords,
  notReachedWords,
  passedWords,
  questionWords,
  remarks,
  stoppedWords,
  summaryWords,
  verdictWords,
} from './wording.ts'

/** An entry as it was found in the log, and whether it is the one that was signed. */
export interface FoundEntry {
  readonly index: number
  readonly event: unknown
  readonly proof: EntryProofState
}

export interface ExchangeRecord {
  readonly exchange: string
  /** Both entries, or what there is of them, in any order. */
  readonly entries: readonly FoundEntry[]
  /** The event with the basis that the decision names, when it was found. */
  readonly basis: unknown
  /** The policies of today. */
  readonly policies: PolicySet | undefined
}

/** Where the basis of an exchange's decision is: its digest, and its index in the log when that is known. */
export function basisNamedIn(events: readonly unknown[]): { digest: string; entry: number | undefined } | undefined {
  for (const event of events) {
    const policy = readExchangeEntry(event)?.unmapped.holdfast.policy
    if (policy !== undefined) return { digest: policy.basis, entry: policy.entry }
  }
  return undefined
}

/** What happened in an exchange, as far as its entries tell. Never throws: what they do not tell is missing. */
export function explainExchange(record: ExchangeRecord): Explanation {
  const { exchange, policies } = record
  const found = record.entries.flatMap((each) => {
    const entry = readExchangeEntry(each.event)
    return entry?.metadata.correlation_uid === exchange ? [{ ...each, entry }] : []
  })
  const [decided, ...moreDecided] = found.filter(({ entry }) => entry.unmapped.holdfast.phase === 'decision')
  const [ended, ...moreEnded] = found.filter(({ entry }) => entry.unmapped.holdfast.phase === 'outcome')
  const decision = decided?.entry
  const outcome = ended?.entry
  const either = decision ?? outcome
  const isManagement = either !== undefined && isManagementCall(either)
  const verdicts = verdictsOf(decision, outcome)
  const asked = decision?.unmapped.holdfast.policy
  const basis = asked && readBasis(record.basis, asked.basis, sha256Hex)
  const comparison =
    basis === undefined || policies === undefined ? 'unknown' : basis.policies === policies.digest ? 'same' : 'changed'
  const questions = asked?.asked ?? []
  const context = questions.flatMap((question) => ('context' in question ? [question.context] : []))[0]

  const explanation: Omit<Explanation, 'summary'> = {
    exchange,
    result: resultOf(decision, outcome),
    when: { decided: decision?.time, ended: outcome?.time, durationMs: outcome?.duration },
    who: {
      principal: either?.actor?.user.uid ?? 'unidentified',
      tenant: either?.metadata.tenant_uid,
      credential: either?.actor?.user.credential_uid,
      address: either?.src_endpoint?.uid,
    },
    what: {
      operation: either?.api?.operation ?? 'unknown',
      method: either?.http_request?.http_method,
      path: either?.http_request?.url.path,
      model: either?.ai_model?.name ?? modelIn(questions),
      stream: context?.stream === undefined ? undefined : context.stream === true,
      tools: context?.tools === undefined ? undefined : context.tools === true,
      scan: outcome?.unmapped.holdfast.scan ?? decision?.unmapped.holdfast.scan,
      digests: { ...decision?.unmapped.holdfast.digests, ...outcome?.unmapped.holdfast.digests },
    },
    stages: isManagement ? [] : stagesOf(decision, outcome, verdicts),
    verdicts,
    verdictsTotal: Math.max(totalOf(decision) + totalOf(outcome), verdicts.length),
    policy: {
      rule: decision?.policy?.uid,
      policies: comparison,
      digest: basis?.policies,
      configuration: basis?.configuration,
      withheld: basis?.withheld ?? [],
      questions: questions.map((question) => explainQuestion(question, comparison === 'same' ? policies : undefined)),
      questionsTotal: asked?.asked_total ?? questions.length,
    },
    limits: { rate: outcome?.unmapped.holdfast.limits, spent: outcome?.unmapped.holdfast.spent },
    upstream: {
      name: outcome?.unmapped.holdfast.upstream ?? decision?.unmapped.holdfast.upstream,
      alternatives: decision?.unmapped.holdfast.alternatives ?? [],
      requestId: outcome?.unmapped.holdfast.upstream_request,
      firstByteMs: outcome?.unmapped.holdfast.latencies_ms?.['first byte'],
      attempts: (outcome?.unmapped.holdfast.attempts ?? []).map((attempt) => ({
        ...attempt,
        words: attemptWords(attempt),
      })),
    },
    ending: {
      words: isManagement ? managementEndingWords(decision, outcome) : endingWords(decision, outcome),
      ended: outcome?.unmapped.holdfast.ended,
      bytesIn: outcome?.unmapped.holdfast.bytes_in,
      bytesOut: outcome?.unmapped.holdfast.bytes_out,
      tokens: outcome?.message_context && {
        prompt: outcome.message_context.prompt_tokens,
        completion: outcome.message_context.completion_tokens,
      },
    },
    told: toldOf(decision, outcome),
    entries: (['decision', 'outcome'] as const).map((phase) => {
      const each = phase === 'decision' ? decided : ended
      return { phase, index: each?.index, proof: each?.proof ?? { state: 'missing' } }
    }),
    remarks: [
      ...(decision === undefined ? [remarks.noDecision] : []),
      ...(isManagement ? [remarks.management] : []),
      ...(outcome === undefined && !isManagement ? [remarks.noOutcome] : []),
      ...(moreDecided.length + moreEnded.length > 0 ? [remarks.repeated] : []),
      ...(asked !== undefined && basis === undefined ? [remarks.noBasis] : []),
      ...(decision !== undefined && asked === undefined && !isManagement && wasAsked(decision)
        ? [remarks.noPolicy]
        : []),
      ...(found.some(({ proof }) => proof.state === 'failed') ? [remarks.unproven] : []),
    ],
  }
  return { ...explanation, summary: summaryWords(explanation) }
}

/** Stages before the first question of policy; a refusal there has none on record. */
const unasked: ReadonlySet<string> = new Set<StageName>(['guard', 'accept', 'identify'])

/** Whether policy must have been asked; entries of connections that were no HTTP have no stage. */
export function wasAsked({ unmapped, policy }: ExchangeEntry): boolean {
  const { stage } = unmapped.holdfast
  const first = stage ?? policy?.uid.split(':', 1)[0] ?? ''
  return !unasked.has(first)
}

function resultOf(decision: ExchangeEntry | undefined, outcome: ExchangeEntry | undefined): Explanation['result'] {
  const ended = outcome?.unmapped.holdfast.ended
  switch (ended) {
    case 'complete':
      return 'answered'
    case 'refused':
    case 'blocked':
    case 'upstream_failed':
    case 'failed':
    case 'client_hung_up':
      return ended
    default:
      if (decision?.action_id === 2) return 'refused'
      if (outcome === undefined || !isManagementCall(outcome)) return 'unknown'
      return (outcome.http_response?.code ?? 500) < 400 ? 'answered' : 'failed'
  }
}

function verdictsOf(decision: ExchangeEntry | undefined, outcome: ExchangeEntry | undefined): Explanation['verdicts'] {
  const all = [...(decision?.unmapped.holdfast.verdicts ?? []), ...(outcome?.unmapped.holdfast.verdicts ?? [])]
  return all.map((verdict) => ({ ...verdict, words: verdictWords(verdict) }))
}

function totalOf(entry: ExchangeEntry | undefined): number {
  const total = entry?.unmapped.holdfast.verdicts_total ?? 0
  return Number.isSafeInteger(total) && total >= 0 ? total : 0
}

function stagesOf(
  decision: ExchangeEntry | undefined,
  outcome: ExchangeEntry | undefined,
  verdicts: Explanation['verdicts'],
): Explanation['stages'] {
  if (decision === undefined) return []
  const times = outcome?.unmapped.holdfast.latencies_ms
  const { stage } = decision.unmapped.holdfast
  const names: readonly string[] = stageNames
  const stoppedAt = stage === undefined ? -1 : names.indexOf(stage)
  const bytesIn = outcome?.unmapped.holdfast.bytes_in
  return stageNames.map((name, place) => {
    const ms = times?.[name]
    if (place === stoppedAt) return { name, result: 'stopped', ms, words: stoppedWords(decision) }
    if (stoppedAt >= 0 && place > stoppedAt) return { name, result: 'not_reached', words: notReachedWords }
    return { name, result: 'passed', ms, words: passedWords(name, decision, verdicts, bytesIn) }
  })
}

function explainQuestion(
  question: ReadQuestion,
  policies: PolicySet | undefined,
): Explanation['policy']['questions'][number] {
  const { allow, deny, failed = [] } = question
  const named = (id: string) => {
    const policy = policies?.policies.find((each) => each.id === id)
    return policy === undefined ? { id } : { id, place: { file: policy.file, line: policy.line }, text: policy.text }
  }
  return {
    words: questionWords(question),
    decision:
      allow !== undefined && deny === undefined
        ? 'allow'
        : deny !== undefined && allow === undefined
          ? 'deny'
          : 'unknown',
    by: (allow ?? deny ?? []).map(named),
    failed: failed.map(named),
  }
}

function modelIn(questions: readonly ReadQuestion[]): string | undefined {
  return questions.flatMap((question) => ('model' in question ? [question.model] : []))[0]
}

function toldOf(decision: ExchangeEntry | undefined, outcome: ExchangeEntry | undefined): Explanation['told'] {
  const isRefused = decision?.action_id === 2
  const code = outcome?.unmapped.holdfast.told ?? (isRefused ? decision.status_code : undefined)
  const status = outcome?.http_response?.code ?? decision?.http_response?.code
  return { status: status === 0 ? undefined : status, code, ...(code === undefined ? {} : adviceFor(code)) }
}
