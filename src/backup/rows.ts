// Rows as lines of JSON: an array of values in the order of the columns; bytes are `{"base64": "…"}`.

import { z } from 'zod'
import type { TableShape, Value } from '#store'
import { BackupError } from './error.ts'

const valueSchema = z.union([z.string(), z.number(), z.null(), z.strictObject({ base64: z.base64() })])

export function encodeRows(rows: readonly (readonly Value[])[]): Uint8Array {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row.map(toJson))}\n`).join(''))
}

/** @throws BackupError `damaged` */
export function decodeRows(data: Uint8Array, { name, columns }: TableShape): Value[][] {
  const rowSchema = z.array(valueSchema).length(columns.length)
  const lines = Buffer.from(data).toString('utf8').split('\n')
  if (lines.pop() !== '') throw new BackupError('damaged', `the rows of ${name} are cut`)
  return lines.map((line) => {
    try {
      return rowSchema.parse(JSON.parse(line)).map(fromJson)
    } catch {
      throw new BackupError('damaged', `a row of ${name} is none`)
    }
  })
}

function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value) // in the safe range, as all that the store holds
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

function fromJson(value: z.output<typeof valueSchema>): Value {
  return typeof value === 'object' && value !== null ? new Uint8Array(Buffer.from(value.base64, 'base64')) : value
}
