// Compiles for PostgreSQL what compiles for SQLite too, and with the same meaning: the same types of column, text that
// sorts by code point, and null before everything else.

import {
  type ColumnDefinitionNode,
  type CreateTableNode,
  type DataTypeNode,
  type OrderByItemNode,
  PostgresQueryCompiler,
  RawNode,
} from 'kysely'
import { StoreError } from '../error.ts'

export class PortablePostgresCompiler extends PostgresQueryCompiler {
  protected override visitCreateTable(node: CreateTableNode): void {
    if (node.endModifiers?.length || node.frontModifiers?.length || node.selectQuery) {
      throw new StoreError('sql', 'a portable table has columns and constraints, no modifiers and no query')
    }
    super.visitCreateTable(node)
  }

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    if (node.autoIncrement) throw new StoreError('sql', 'auto-increment is not portable; use a text id')
    if (node.dataType.kind !== 'DataTypeNode') throw new StoreError('sql', 'a raw column type is not portable')
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

  /** SQLite takes null for the smallest value, PostgreSQL for the largest. */
  protected override visitOrderByItem(node: OrderByItemNode): void {
    super.visitOrderByItem(node)
    if (node.nulls !== undefined) return
    const isDescending =
      node.direction !== undefined && RawNode.is(node.direction) && /desc/i.test(node.direction.sqlFragments.join(''))
    this.append(isDescending ? ' nulls last' : ' nulls first')
  }
}

/** Whatever the locale of the server: "C" sorts by the bytes of UTF-8, which is by code point. */
const columnTypes: Readonly<Record<string, string>> = {
  text: 'text collate "C"',
  integer: 'int8',
  bigint: 'int8',
  'double precision': 'float8',
  blob: 'bytea',
}
