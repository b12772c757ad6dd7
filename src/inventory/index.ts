// Assets worth protecting, and the graph of how they came to be and what they touch.

export {
  type Asset,
  type AssetId,
  type AssetKind,
  assetId,
  assetKinds,
  type Edge,
  type Relation,
  relations,
} from './asset.ts'
export { InventoryError, type InventoryErrorCode } from './error.ts'
export { type AssetFilter, type AssetInput, type EdgeInput, type Inventory, openInventory } from './inventory.ts'
export { type InventoryTables, inventoryMigrations } from './migrations.ts'
export type { Reach, Reached, ReachOptions } from './reach.ts'
