/**
 * Cedar's JSON form of a policy ("JSON policy format" in the Cedar documentation), as far as a static policy uses it.
 * An extension call is an object with one more operator name, `{"isInRange": [left, right]}`, and is not listed here.
 */
import type { EntityUidJson } from './json.ts'

export interface PolicyJson {
  readonly effect: 'permit' | 'forbid'
  readonly principal: ScopeJson
  readonly action: ScopeJson
  readonly resource: ScopeJson
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: Expression }[]
  readonly annotations?: Readonly<Record<string, string | null>>
}

type Reference = EntityUidJson | { readonly __entity: EntityUidJson }

export type ScopeJson =
  | { readonly op: 'All' }
  | { readonly op: '=='; readonly entity: Reference }
  | { readonly op: 'in'; readonly entity: Reference }
  | { readonly op: 'in'; readonly entities: readonly Reference[] }
  | { readonly op: 'is'; readonly entity_type: string; readonly in?: { readonly entity: Reference } }

export interface Two {
  readonly left: Expression
  readonly right: Expression
}

interface One {
  readonly arg: Expression
}

export type Expression =
  | { readonly Value: unknown }
  | { readonly Var: 'principal' | 'action' | 'resource' | 'context' }
  | { readonly Set: readonly Expression[] }
  | { readonly Record: Readonly<Record<string, Expression>> }
  | { readonly '.': { readonly left: Expression; readonly attr: string } }
  | { readonly has: { readonly left: Expression; readonly attr: string | readonly string[] } }
  | {
      readonly like: {
        readonly left: Expression
        readonly pattern: readonly ('Wildcard' | { readonly Literal: string })[]
      }
    }
  | { readonly is: { readonly left: Expression; readonly entity_type: string; readonly in?: Expression } }
  | { readonly 'if-then-else': { readonly if: Expression; readonly then: Expression; readonly else: Expression } }
  | { readonly '!': One }
  | { readonly neg: One }
  | { readonly isEmpty: One }
  | { readonly '&&': Two }
  | { readonly '||': Two }
  | { readonly '==': Two }
  | { readonly '!=': Two }
  | { readonly '<': Two }
  | { readonly '<=': Two }
  | { readonly '>': Two }
  | { readonly '>=': Two }
  | { readonly '+': Two }
  | { readonly '-': Two }
  | { readonly '*': Two }
  | { readonly in: Two }
  | { readonly contains: Two }
  | { readonly containsAll: Two }
  | { readonly containsAny: Two }
  | { readonly getTag: Two }
  | { readonly hasTag: Two }
