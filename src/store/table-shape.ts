// What a table is, whatever the database underneath.

export type ColumnType = 'text' | 'integer' | 'real' | 'blob'

export interface TableShape {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
  /** Names of the columns of the primary key, in its order. */
  readonly key: readonly string[]
}
