// What kind of data a request carries, after inspection: it decides where the request may go.
import type { Exchange } from './exchange.ts'

/** Sorted names, such as `personal`, `personal.email`, `secret`, `secret.jwt`, `canary`, `uninspected`. */
export interface DataClasses {
  /** Leaves as it is. `uninspected` stands for images and files, in which anything may be. */
  readonly data: readonly string[]
  /** Was found, and leaves as a placeholder. */
  readonly masked: readonly string[]
}

export const noData: DataClasses = { data: [], masked: [] }

/** An injection is no data: it is not in here, whatever is done about it. */
export function dataClassesOf({ verdicts, asked }: Exchange): DataClasses {
  const isUninspected = asked !== undefined && asked.uninspected.length > 0
  if (verdicts.length === 0 && !isUninspected) return noData
  const data = new Set<string>(isUninspected ? ['uninspected'] : [])
  const masked = new Set<string>()
  for (const { action, category, kind, direction } of verdicts) {
    if (direction !== 'request' || category === 'injection') continue
    const classes = action === 'mask' ? masked : data
    classes.add(category)
    classes.add(`${category}.${kind}`)
  }
  return { data: [...data].sort(), masked: [...masked].sort() }
}

/**
 * Whether an upstream with this clearance may be sent that data: each kind of it is cleared, by its own name or by that
 * of its category.
 *
 * @param clearance undefined: cleared for everything
 */
export function isCleared(clearance: ReadonlySet<string> | undefined, { data }: DataClasses): boolean {
  if (clearance === undefined) return true
  const kinds = data.filter((name) => name.includes('.') || name === 'uninspected')
  return kinds.every((name) => clearance.has(name) || clearance.has(name.split('.', 1)[0] ?? name))
}
