/** What policy wants done with each category or kind, for requests and for responses. */
import type { Action, Category, Direction } from './detector.ts'

/** Keys are 'category' or 'category.kind', the latter going first: {personal: 'mask', 'personal.phone': 'flag'}. */
export type ActionTable = Readonly<Record<string, Action>>

export interface Actions {
  readonly request: ActionTable
  readonly response: ActionTable
}

/** The action for a match; 'flag' when the table says nothing, so that nothing is found without being seen. */
export function actionFor(actions: Actions, direction: Direction, category: Category, kind: string): Action {
  const table = actions[direction]
  return table[`${category}.${kind}`] ?? table[category] ?? 'flag'
}
