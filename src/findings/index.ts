// What is wrong with an asset, and what is done about it.

export type { Action, ActionPlan, ProbeResult, Tactic } from './actions/action.ts'
