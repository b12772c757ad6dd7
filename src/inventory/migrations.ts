// The tables of this room.

import type { Migration } from '#store'
import type { AssetId, AssetKind, Relation } from './asset.ts'

export interface InventoryTables {
  asset: {
    id: AssetId
    kind: AssetKind
    identity: string
    name: string
    digest: string | null
    owner: string | null
    /** Canonical JSON, as `writeLabels` makes it. */
    labels: string
    first_seen: number
    last_seen: number
  }
  asset_edge: {
    from_asset: AssetId
    to_asset: AssetId
    relation: Relation
    source: string
    first_seen: number
    last_seen: number
  }
}

export const inventoryMigrations: readonly Migration[] = [
  {
    id: 'inventory/0001-assets',
    up: ({ schema }) => [
      schema
        .createTable('asset')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('identity', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('digest', 'text')
        .addColumn('owner', 'text')
        .addColumn('labels', 'text', (column) => column.notNull())
        .addColumn('first_seen', 'integer', (column) => column.notNull())
        .addColumn('last_seen', 'integer', (column) => column.notNull())
        .addUniqueConstraint('asset_kind_identity', ['kind', 'identity']),
      schema.createIndex('asset_owner').on('asset').column('owner'),
      schema.createIndex('asset_digest').on('asset').column('digest'),
      schema
        .createTable('asset_edge')
        .addColumn('from_asset', 'text', (column) => column.notNull().references('asset.id'))
        .addColumn('to_asset', 'text', (column) => column.notNull().references('asset.id'))
        .addColumn('relation', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('first_seen', 'integer', (column) => column.notNull())
        .addColumn('last_seen', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('asset_edge_key', ['from_asset', 'to_asset', 'relation', 'source']),
      schema.createIndex('asset_edge_to').on('asset_edge').column('to_asset'),
    ],
  },
]
