// Compiles for SQLite what compiles for PostgreSQL too, and refuses the rest. Tables are STRICT, so that a column
// holds only what it declares, as in PostgreSQL (https://www.sqlite.org/stricttables.html).

import { type ColumnDefinitionNode, type CreateTableNode, type DataTypeNode, SqliteQueryCompiler } from 'kysely'
import { StoreError } from '../error.ts'

export class PortableSqliteCompiler extends SqliteQueryCompiler {
  protected override visitCreateTable(node: CreateTableNode): void {
    if (node.endModifiers?.length || node.frontModifiers?.length || node.selectQuery) {
      throw new StoreError('sql', 'a portable table has columns and constraints, no modifiers and no query')
    }
    super.visitCreateTable(node)
    this.append(' strict')
  }

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    if (node.autoIncrement) throw new StoreError('sql', 'auto-increment is not portable; use a text id')
    if (node.dataType.kind !== 'DataTypeNode') throw new StoreError('sql', `a raw column type is not portable`)
    super.visitColumnDefinition(node)
  }

  protected override visitDataType(node: DataTypeNode): void {
    const type = columnTypes[node.dataType]
    if (type === undefined) {
      const known = Object.keys(columnTypes).join(', ')
      throw new StoreError('sql', `column type ${node.dataType} is not portable; use one of: ${known}`)
    }
    this.append(type)
  }
}

/** `integer` holds every safe integer (int8 in PostgreSQL), so milliseconds since the epoch fit. */
const columnTypes: Readonly<Record<string, string>> = {
  text: 'text',
  integer: 'integer',
  bigint: 'integer',
  'double precision': 'real',
  blob: 'blob',
}
