// Actions of every kind behind one type: their parameters travel as canonical JSON, which is what is stored.

import { FindingsError } from '../error.ts'
import { check } from '../text.ts'
import type { Action, ActionPlan, ProbeResult, Tactic } from './action.ts'

export interface AnyAction {
  readonly kind: string
  readonly tactic: Tactic
  readonly inverse: string | null
  /** Canonical JSON of parameters that the action accepts. @throws FindingsError `invalid` */
  check(params: unknown): string
  plan(params: string): Promise<ActionPlan>
  apply(params: string, signal: AbortSignal): Promise<void>
  probe(params: string, signal: AbortSignal): Promise<ProbeResult>
}

const maxParamsLength = 4096

export function erase<Params>(action: Action<Params>): AnyAction {
  const { kind, tactic, inverse } = action
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(kind)) throw new FindingsError('invalid', 'the kind of an action is snake case')
  const read = (text: string) => check(action.params, JSON.parse(text), `parameters of ${kind}`)
  return {
    kind,
    tactic,
    inverse,
    check: (params) => {
      const text = canonicalJson(params)
      if (text.length > maxParamsLength) {
        throw new FindingsError('invalid', `parameters of ${kind} have at most ${maxParamsLength} characters`)
      }
      read(text)
      return text
    },
    plan: async (params) => action.plan(read(params)),
    apply: async (params, signal) => action.apply(read(params), signal),
    probe: async (params, signal) => action.probe(read(params), signal),
  }
}

/** Members sorted, so that the same parameters are the same text. */
function canonicalJson(value: unknown): string {
  const sorted = (_key: string, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  try {
    return JSON.stringify(value, sorted) ?? 'null'
  } catch (error) {
    throw new FindingsError('invalid', 'the parameters of an action are JSON', { cause: error })
  }
}
