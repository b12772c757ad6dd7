// Recorded decisions taken again, under other policies: what would be decided otherwise. What the log does not hold
// enough of to be decided again is inconclusive, and never counts as the same.
import { sha256Hex } from '#crypto'
import { createEntities, type Entities, type EntityUidJson, PolicyError, type PolicySet } from '#policy'
import { basisType } from '../basis.ts'
import { wasAsked } from '../explain/explain.ts'
import {
  type ExchangeEntry,
  isManagementCall,
  type ReadQuestion,
  readBasis,
  readExchangeEntry,
} from '../logged-entry.ts'
import { judge, loggedPolicies, type PolicyQuestion } from '../question.ts'
import { boundedMap } from './bounded-map.ts'

/** The dangerous one first. */
export const changes = ['newly_allowed', 'newly_denied', 'other_rule'] as const
export type Change = (typeof changes)[number]

export type Inconclusive =
  /** written by a version that did not record what policy was asked */
  | 'not_recorded'
  /** claims, or what was too long for the log */
  | 'withheld'
  /** what the caller looked like is not in the log, or was changed there */
  | 'no_basis'
  /** the entry contradicts itself, or is no event: somebody changed it */
  | 'damaged'
  /** the caller or the question does not fit the schema of these policies */
  | 'does_not_fit'

export interface Difference {
  readonly change: Change
  readonly principal: string
  /** What was asked, in short: `call chat`, `infer gpt-4o at main`. */
  readonly asked: string
  /** Ids of the policies that decided then, and that decide now. */
  readonly was: readonly string[]
  readonly now: readonly string[]
  readonly count: number
  /** The first exchanges of this kind. */
  readonly examples: readonly string[]
}

export interface ReplayReport {
  /** Digest of the policies that decided now. */
  readonly policies: string
  readonly exchanges: number
  /** Refused before policy was asked: nothing to decide again. */
  readonly notAsked: number
  /** Calls of the management API, whose questions are not on record: not among the exchanges, and not decided again. */
  readonly management: number
  /** Questions of policy; an exchange has one or more. */
  readonly decisions: number
  readonly same: number
  readonly changed: Readonly<Record<Change, number>>
  readonly inconclusive: Readonly<Record<Inconclusive, number>>
  /** By change, the most frequent first. */
  readonly differences: readonly Difference[]
  /** Differences of kinds beyond the first 1000, which are only counted. */
  readonly ungrouped: number
}

export interface Replay {
  /** Takes one entry of the log, in their order. */
  take(entry: { readonly index: number; readonly event: unknown }): Promise<void>
  report(): ReplayReport
}

/** Finds the event with a basis; undefined when it is not there. */
export type BasisFinder = (
  named: { readonly digest: string; readonly entry: number | undefined },
  decision: number,
) => Promise<unknown>

const maxBases = 2_000
const maxAnswers = 50_000
const maxKinds = 1_000
const maxExamples = 3

interface Caller {
  readonly principal: EntityUidJson
  readonly entities: Entities
}

interface Answer {
  readonly isAllowed: boolean
  readonly reasons: readonly string[]
  readonly failed: readonly string[]
}

/** Memory stays bounded, however long the log is. */
export function createReplay(policies: PolicySet, findBasis: BasisFinder): Replay {
  /** Events with a basis that went by. */
  const passing = boundedMap<string, unknown>(maxBases)
  const callers = boundedMap<string, Caller | Inconclusive>(maxBases)
  const answers = boundedMap<string, Answer | Inconclusive>(maxAnswers)
  const kinds = new Map<string, Difference & { count: number; examples: string[] }>()
  const changed = { newly_allowed: 0, newly_denied: 0, other_rule: 0 }
  const inconclusive = { not_recorded: 0, withheld: 0, no_basis: 0, damaged: 0, does_not_fit: 0 }
  const counts = { exchanges: 0, notAsked: 0, management: 0, decisions: 0, same: 0, ungrouped: 0 }

  async function take({ index, event }: { readonly index: number; readonly event: unknown }): Promise<void> {
    const digest = basisDigest(event)
    if (digest !== undefined) passing.set(digest, event)
    if (event === undefined) inconclusive.damaged++
    if (!isDecision(event)) return
    const entry = readExchangeEntry(event)
    if (entry !== undefined && isManagementCall(entry)) {
      counts.management++
      return
    }
    counts.exchanges++
    if (entry === undefined) {
      inconclusive.damaged++
      return
    }
    const { policy } = entry.unmapped.holdfast
    if (policy === undefined) {
      if (hasPolicy(event)) inconclusive.damaged++
      else if (wasAsked(entry)) inconclusive.not_recorded++
      else counts.notAsked++
      return
    }
    const caller = await callerOf(policy.basis, policy.entry, index)
    for (const question of policy.asked) compare(entry, question, policy.basis, caller)
    const unlogged = Math.max(0, Math.min(policy.asked_total ?? 0, 10_000) - policy.asked.length)
    counts.decisions += unlogged
    inconclusive.withheld += unlogged
  }

  async function callerOf(digest: string, entry: number | undefined, decision: number): Promise<Caller | Inconclusive> {
    const known = callers.get(digest)
    if (known !== undefined) return known
    const event = passing.get(digest) ?? (await findBasis({ digest, entry }, decision))
    const caller = readCaller(event, digest, policies)
    callers.set(digest, caller)
    return caller
  }

  function compare(entry: ExchangeEntry, question: ReadQuestion, digest: string, caller: Caller | Inconclusive): void {
    counts.decisions++
    const { allow, deny, failed = [], ...facts } = question
    if ('withheld' in facts) {
      inconclusive.withheld++
      return
    }
    if ((allow === undefined) === (deny === undefined)) {
      inconclusive.damaged++
      return
    }
    const now = typeof caller === 'string' ? caller : answerTo(facts, digest, caller)
    if (typeof now === 'string') {
      inconclusive[now]++
      return
    }
    const was = { isAllowed: allow !== undefined, reasons: allow ?? deny ?? [], failed }
    const change = changeOf(was, now)
    if (change === undefined) counts.same++
    else {
      changed[change]++
      note(change, entry, facts, was, now)
    }
  }

  function answerTo(question: PolicyQuestion, digest: string, { principal, entities }: Caller): Answer | Inconclusive {
    const key = `${digest} ${JSON.stringify(question)}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = refusable(() => {
      const { isAllowed, reasons, failed } = judge(policies, question, principal, entities)
      return { isAllowed, reasons: loggedPolicies(reasons), failed: loggedPolicies(failed) }
    })
    answers.set(key, answer)
    return answer
  }

  function note(change: Change, entry: ExchangeEntry, question: PolicyQuestion, was: Answer, now: Answer): void {
    const principal = entry.actor?.user.uid ?? 'unidentified'
    const kind = { change, principal, asked: askedWords(question), was: namesOf(was), now: namesOf(now) }
    const key = JSON.stringify(kind)
    const known = kinds.get(key)
    if (known === undefined && kinds.size >= maxKinds) {
      counts.ungrouped++
      return
    }
    const noted = known ?? { ...kind, count: 0, examples: [] }
    kinds.set(key, noted)
    noted.count++
    const { correlation_uid: exchange } = entry.metadata
    if (noted.examples.length < maxExamples && !noted.examples.includes(exchange)) noted.examples.push(exchange)
  }

  return {
    take,
    report: () => ({
      policies: policies.digest,
      ...counts,
      changed: { ...changed },
      inconclusive: { ...inconclusive },
      differences: [...kinds.values()].sort(
        (a, b) => changes.indexOf(a.change) - changes.indexOf(b.change) || b.count - a.count,
      ),
    }),
  }
}

function readCaller(event: unknown, digest: string, policies: PolicySet): Caller | Inconclusive {
  const basis = readBasis(event, digest, sha256Hex)
  if (basis === undefined) return 'no_basis'
  if (basis.withheld !== undefined) return 'withheld'
  const { principal, entities } = basis
  const list = entities.map(({ uid, attrs = {}, parents = [], tags = {} }) => ({ uid, attrs, parents, tags }))
  return refusable(() => ({ principal, entities: createEntities(list, policies) }))
}

function refusable<T>(make: () => T): T | Inconclusive {
  try {
    return make()
  } catch (error) {
    if (error instanceof PolicyError) return 'does_not_fit'
    throw error
  }
}

function changeOf(was: Answer, now: Answer): Change | undefined {
  if (was.isAllowed !== now.isAllowed) return now.isAllowed ? 'newly_allowed' : 'newly_denied'
  return isSame(was.reasons, now.reasons) && isSame(was.failed, now.failed) ? undefined : 'other_rule'
}

/** In any order: it is that of the files, whose names may have changed. */
function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted())
}

function namesOf({ reasons, failed }: Answer): string[] {
  return [...reasons, ...failed.map((id) => `${id} (failed)`)]
}

function askedWords(question: PolicyQuestion): string {
  return question.action === 'call' ? `call ${question.operation}` : `infer ${question.model} at ${question.upstream}`
}

function isDecision(event: unknown): boolean {
  return (
    member(event, 'class_uid') === 6003 && member(member(member(event, 'unmapped'), 'holdfast'), 'phase') !== 'outcome'
  )
}

function hasPolicy(event: unknown): boolean {
  return member(member(member(event, 'unmapped'), 'holdfast'), 'policy') !== undefined
}

function basisDigest(event: unknown): string | undefined {
  const entity = member(event, 'entity')
  const uid = member(entity, 'type') === basisType ? member(entity, 'uid') : undefined
  return typeof uid === 'string' ? uid : undefined
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
