// Walks the graph of assets breadth first: what a poisoned data set ended up in, what a model is made of.

import type { Kysely } from 'kysely'
import type { AssetId, Relation } from './asset.ts'
import { InventoryError } from './error.ts'
import type { InventoryTables } from './migrations.ts'

export interface ReachOptions {
  /** `out` follows edges from `from` to `to`, `in` against them. */
  readonly direction: 'out' | 'in'
  /** Only edges of this relation; all if left out. */
  readonly relation?: Relation
  /** Steps from the start, 1 to 64. */
  readonly maxDepth: number
  /** Stops after so many assets, 1 to 100,000; 10,000 if left out. */
  readonly maxAssets?: number
}

export interface Reach {
  readonly assets: readonly Reached[]
  /** Whether there was more than `maxAssets` or `maxDepth` let it see. A partial answer must not pass as a whole one. */
  readonly isComplete: boolean
}

export interface Reached {
  readonly id: AssetId
  /** Steps from the start, from 1. */
  readonly depth: number
  /** The asset one step nearer, and the relation that joins the two: following `via` gives a shortest path. */
  readonly via: { readonly id: AssetId; readonly relation: Relation }
}

/** Below SQLite's limit of 32,766 and PostgreSQL's of 65,535 parameters. */
const idsPerQuery = 500

/** Each asset is visited once, so circles end. @throws InventoryError `invalid`, `unknown_asset` */
export async function reach(database: Kysely<InventoryTables>, start: AssetId, options: ReachOptions): Promise<Reach> {
  const { maxDepth, maxAssets = 10_000 } = options
  requireBetween('maxDepth', maxDepth, 64)
  requireBetween('maxAssets', maxAssets, 100_000)
  const found = await database.selectFrom('asset').select('id').where('id', '=', start).executeTakeFirst()
  if (found === undefined) throw new InventoryError('unknown_asset', 'the walk starts at an asset that is not there')

  const seen = new Set([start])
  const assets: Reached[] = []
  let frontier = [start]
  for (let depth = 1; frontier.length > 0; depth++) {
    const next: AssetId[] = []
    for (const { near, far, relation } of await neighbours(database, frontier, options)) {
      if (seen.has(far)) continue
      if (depth > maxDepth || assets.length >= maxAssets) return { assets, isComplete: false }
      seen.add(far)
      next.push(far)
      assets.push({ id: far, depth, via: { id: near, relation } })
    }
    frontier = next
  }
  return { assets, isComplete: true }
}

async function neighbours(
  database: Kysely<InventoryTables>,
  frontier: readonly AssetId[],
  { direction, relation }: ReachOptions,
): Promise<readonly { near: AssetId; far: AssetId; relation: Relation }[]> {
  const [near, far] =
    direction === 'out' ? (['from_asset', 'to_asset'] as const) : (['to_asset', 'from_asset'] as const)
  const found = []
  for (let at = 0; at < frontier.length; at += idsPerQuery) {
    let query = database
      .selectFrom('asset_edge')
      .select([`${near} as near`, `${far} as far`, 'relation'])
      .where(near, 'in', frontier.slice(at, at + idsPerQuery))
      .orderBy('from_asset')
      .orderBy('to_asset')
      .orderBy('relation')
      .orderBy('source')
    if (relation !== undefined) query = query.where('relation', '=', relation)
    found.push(...(await query.execute()))
  }
  return found
}

function requireBetween(field: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new InventoryError('invalid', `${field} must be a whole number from 1 to ${max}`)
  }
}
