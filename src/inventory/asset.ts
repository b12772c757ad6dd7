// What an asset and an edge are, and what may be stored as one.

import { sha256Hex } from '#crypto'
import { InventoryError } from './error.ts'

export const assetKinds = [
  'model',
  'dataset',
  'artifact',
  'endpoint',
  'upstream',
  'agent',
  'tool_server',
  'api_key',
  'principal',
  'image',
  'dependency',
  'vendor',
  'workload',
  'host',
  'cluster',
] as const
export type AssetKind = (typeof assetKinds)[number]

/** Read as "`from` ... `to`": a model is `derived_from` a model, a workload `serves` a model. */
export const relations = [
  'contains',
  'derived_from',
  'trained_on',
  'evaluated_on',
  'depends_on',
  'calls',
  'serves',
  'runs_on',
  'supplied_by',
  'signed_by',
  'issued_to',
] as const
export type Relation = (typeof relations)[number]

declare const brand: unique symbol
export type AssetId = string & { readonly [brand]: 'AssetId' }

/** Something worth protecting. Times are ms since the epoch. */
export interface Asset {
  readonly id: AssetId
  readonly kind: AssetKind
  /** What it is called where it lives, unique within its kind: a package URL, a model's path, a key's id. */
  readonly identity: string
  readonly name: string
  /** Digest of the content as last seen, as `sha256:...`; null when it has none. */
  readonly digest: string | null
  readonly owner: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly firstSeen: number
  readonly lastSeen: number
}

/** A fact about two assets, with who says so. */
export interface Edge {
  readonly from: AssetId
  readonly to: AssetId
  readonly relation: Relation
  /** Where the fact comes from: `gateway`, `operator`, `scan:modelfile`. Two sources are two edges. */
  readonly source: string
  readonly firstSeen: number
  readonly lastSeen: number
}

/** The id of an asset, from what it is: the same on every installation, known before the asset is stored. */
export function assetId(kind: AssetKind, identity: string): AssetId {
  return `ast_${sha256Hex(JSON.stringify([kind, identity])).slice(0, 32)}` as AssetId
}

/** Labels as canonical JSON: names sorted, so that equal labels are equal text. */
export function writeLabels(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length > 64) throw new InventoryError('invalid', 'an asset has at most 64 labels')
  for (const [name, value] of entries) {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,63}$/.test(name)) {
      throw new InventoryError('invalid', 'a label name has 1 to 64 letters, digits or . _ / -')
    }
    requireText(`label ${name}`, value, 0, 256)
  }
  return JSON.stringify(Object.fromEntries(entries))
}

/** @throws InventoryError `invalid` naming the field, not its value, which may come from the far side of the world */
export function requireText(field: string, value: string, min: number, max: number): string {
  if (typeof value !== 'string' || value.length < min || value.length > max) {
    throw new InventoryError('invalid', `${field} must have ${min} to ${max} characters`)
  }
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new InventoryError('invalid', `${field} must be text without NUL and broken surrogates`)
  }
  return value
}
