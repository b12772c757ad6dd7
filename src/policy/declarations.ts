/** What a Cedar schema declares, as far as entities and requests must conform to it: names resolved, common types replaced. */

export type ValueType =
  | { readonly kind: 'boolean' | 'long' | 'string' | ExtensionKind }
  | { readonly kind: 'set'; readonly element: ValueType }
  | RecordType
  | { readonly kind: 'entity'; readonly type: string }

export type ExtensionKind = 'decimal' | 'datetime' | 'duration' | 'ip'

export interface RecordType {
  readonly kind: 'record'
  readonly attributes: ReadonlyMap<string, { readonly type: ValueType; readonly required: boolean }>
}

export interface EntityType {
  readonly attributes: RecordType
  readonly tags: ValueType | undefined
  readonly parentTypes: ReadonlySet<string>
  /** the only ids there are, for an enumerated type */
  readonly ids: ReadonlySet<string> | undefined
}

export interface ActionType {
  readonly principalTypes: ReadonlySet<string>
  readonly resourceTypes: ReadonlySet<string>
  readonly context: RecordType
}

/** What entities and requests must conform to. */
export interface Schema {
  readonly entityTypes: ReadonlyMap<string, EntityType>
  /** by the key of the action's uid */
  readonly actionTypes: ReadonlyMap<string, ActionType>
}
