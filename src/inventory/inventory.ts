// The inventory: assets and the edges between them.

import { type Kysely, type Selectable, sql } from 'kysely'
import { StoreError } from '#store'
import {
  type Asset,
  type AssetId,
  type AssetKind,
  assetId,
  assetKinds,
  type Edge,
  type Relation,
  relations,
  requireText,
  writeLabels,
} from './asset.ts'
import { InventoryError } from './error.ts'
import type { InventoryTables } from './migrations.ts'
import { type Reach, type ReachOptions, reach } from './reach.ts'

export interface Inventory {
  /**
   * Adds the asset or updates it; `lastSeen` becomes now. What is left out stays as it is; `null` clears it.
   * @throws InventoryError `invalid`
   */
  upsert(asset: AssetInput): Promise<Asset>
  get(id: string): Promise<Asset | undefined>
  /** Ordered by kind and identity. */
  find(filter?: AssetFilter): Promise<readonly Asset[]>
  /** Adds the edge, or renews its `lastSeen`. @throws InventoryError `invalid`, `unknown_asset` */
  link(edge: EdgeInput): Promise<Edge>
  edges(id: string, direction: 'out' | 'in'): Promise<readonly Edge[]>
  /** Everything that can be walked to from an asset, nearest first. @throws InventoryError `invalid`, `unknown_asset` */
  reach(id: string, options: ReachOptions): Promise<Reach>
}

export interface AssetInput {
  readonly kind: AssetKind
  /** 1 to 2048 characters. */
  readonly identity: string
  /** 1 to 512 characters. */
  readonly name: string
  readonly digest?: string | null
  readonly owner?: string | null
  readonly labels?: Readonly<Record<string, string>>
}

export interface AssetFilter {
  readonly kind?: AssetKind
  readonly owner?: string
  readonly digest?: string
  readonly label?: { readonly name: string; readonly value: string }
  /** 1 to 1000; 100 if left out. */
  readonly limit?: number
  readonly offset?: number
  /** Only those behind this one in the order of the list: the end of one page is the beginning of the next. */
  readonly after?: Pick<Asset, 'kind' | 'identity'>
}

export interface EdgeInput {
  readonly from: string
  readonly to: string
  readonly relation: Relation
  /** See `Edge`. 1 to 128 characters. */
  readonly source: string
}

/** @param database a store to which `inventoryMigrations` were applied */
export function openInventory(options: { database: Kysely<InventoryTables>; now: () => number }): Inventory {
  const { database, now } = options
  return {
    upsert: (asset) => upsert(database, asset, now()),
    get: async (id) => {
      const row = await database.selectFrom('asset').selectAll().where('id', '=', asId(id)).executeTakeFirst()
      return row && toAsset(row)
    },
    find: (filter = {}) => find(database, filter),
    link: (edge) => link(database, edge, now()),
    edges: async (id, direction) => {
      const rows = await database
        .selectFrom('asset_edge')
        .selectAll()
        .where(direction === 'out' ? 'from_asset' : 'to_asset', '=', asId(id))
        .orderBy('from_asset')
        .orderBy('to_asset')
        .orderBy('relation')
        .orderBy('source')
        .execute()
      return rows.map(toEdge)
    },
    reach: (id, walk) => reach(database, asId(id), walk),
  }
}

async function upsert(database: Kysely<InventoryTables>, input: AssetInput, now: number): Promise<Asset> {
  const { kind, digest, owner, labels } = input
  if (!assetKinds.includes(kind)) throw new InventoryError('invalid', 'kind is not one of the known kinds of asset')
  const identity = requireText('identity', input.identity, 1, 2048)
  const changes = {
    name: requireText('name', input.name, 1, 512),
    last_seen: now,
    ...(digest === undefined ? {} : { digest: digest === null ? null : requireText('digest', digest, 1, 256) }),
    ...(owner === undefined ? {} : { owner: owner === null ? null : requireText('owner', owner, 1, 256) }),
    ...(labels === undefined ? {} : { labels: writeLabels(labels) }),
  }
  const row = await database
    .insertInto('asset')
    .values({
      id: assetId(kind, identity),
      kind,
      identity,
      first_seen: now,
      digest: null,
      owner: null,
      labels: '{}',
      ...changes,
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
    .returningAll()
    .executeTakeFirstOrThrow()
  return toAsset(row)
}

async function find(database: Kysely<InventoryTables>, filter: AssetFilter): Promise<readonly Asset[]> {
  const limit = Math.min(1000, Math.max(1, Math.trunc(filter.limit ?? 100)))
  let query = database
    .selectFrom('asset')
    .selectAll()
    .orderBy('kind')
    .orderBy('identity')
    .limit(limit)
    .offset(Math.max(0, Math.trunc(filter.offset ?? 0)))
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.owner !== undefined) query = query.where('owner', '=', requireText('owner', filter.owner, 0, 256))
  if (filter.digest !== undefined) query = query.where('digest', '=', requireText('digest', filter.digest, 0, 256))
  const { after } = filter
  if (after !== undefined) {
    const identity = requireText('identity', after.identity, 1, 2048)
    query = query.where((row) =>
      row.or([row('kind', '>', after.kind), row.and([row('kind', '=', after.kind), row('identity', '>', identity)])]),
    )
  }
  if (filter.label !== undefined) {
    // JSON text holds `"name":"value"` only where it is a member: inside a string the quotes would be escaped. Removing
    // it is the one case-sensitive way of looking for a substring that SQLite and PostgreSQL share.
    const member = JSON.stringify({ [filter.label.name]: filter.label.value }).slice(1, -1)
    query = query.where(sql<boolean>`replace(labels, ${member}, '') <> labels`)
  }
  return (await query.execute()).map(toAsset)
}

async function link(database: Kysely<InventoryTables>, input: EdgeInput, now: number): Promise<Edge> {
  const { relation } = input
  if (!relations.includes(relation)) throw new InventoryError('invalid', 'relation is not one of the known relations')
  const source = requireText('source', input.source, 1, 128)
  const edge = { from_asset: asId(input.from), to_asset: asId(input.to), relation, source }
  try {
    const row = await database
      .insertInto('asset_edge')
      .values({ ...edge, first_seen: now, last_seen: now })
      .onConflict((conflict) =>
        conflict.columns(['from_asset', 'to_asset', 'relation', 'source']).doUpdateSet({ last_seen: now }),
      )
      .returningAll()
      .executeTakeFirstOrThrow()
    return toEdge(row)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'foreign_key') throw error
    throw new InventoryError('unknown_asset', 'an edge joins two assets of the inventory; add them first', {
      cause: error,
    })
  }
}

/** The parse boundary of ids. A text that is no id is the id of nothing; it is only kept from reaching the store. */
function asId(id: string): AssetId {
  return (/^ast_[0-9a-f]{32}$/.test(id) ? id : 'ast_unknown') as AssetId
}

function toAsset(row: Selectable<InventoryTables['asset']>): Asset {
  const { id, kind, identity, name, digest, owner } = row
  const labels: Record<string, string> = JSON.parse(row.labels)
  return { id, kind, identity, name, digest, owner, labels, firstSeen: row.first_seen, lastSeen: row.last_seen }
}

function toEdge(row: Selectable<InventoryTables['asset_edge']>): Edge {
  const { relation, source } = row
  return {
    from: row.from_asset,
    to: row.to_asset,
    relation,
    source,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
  }
}
