// What a backup says of itself, and the names of what is in it. The members come in this order:
//
//   holdfast-backup.json          the manifest
//   log/log.pub, log/checkpoint   as they are
//   keys/PURPOSE.key              as they are
//   files/…                       policies and configuration, where they lie in the data folder
//   log/checkpoints/N             the history up to the checkpoint, in pieces
//   log/entries/N                 the entries, a bundle of 256 each (C2SP tlog-tiles)
//   store/TABLE/N                 rows in lines of JSON, the values in the order of the manifest's columns
//   end.json                      how much there was of everything, and SHA-256 over all members before

import { z } from 'zod'
import { BackupError } from './error.ts'

const count = z.int().min(0)
const sqlName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)

const manifestSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[\w-]{1,80}$/),
  /** ms since the epoch. */
  madeAt: z.int(),
  version: z.string().max(80),
  origin: z.string().max(255),
  logSize: count,
  store: z.enum(['sqlite', 'postgresql']),
  migrations: z.array(z.string().max(120)).max(10_000),
  tables: z
    .array(
      z.strictObject({
        name: sqlName,
        columns: z
          .array(z.strictObject({ name: sqlName, type: z.enum(['text', 'integer', 'real', 'blob']) }))
          .min(1)
          .max(1000),
        key: z.array(sqlName).min(1).max(100),
      }),
    )
    .max(1000),
})

const endSchema = z.strictObject({
  members: count,
  keys: count,
  files: count,
  entries: count,
  rows: z.record(sqlName, count),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

export type Manifest = Readonly<z.output<typeof manifestSchema>>
export type End = Readonly<z.output<typeof endSchema>>

export const manifestName = 'holdfast-backup.json'
export const endName = 'end.json'
export const checkpointName = 'log/checkpoint'
export const publicKeysName = 'log/log.pub'

/** @throws BackupError `newer`, `damaged` */
export function parseManifest(data: Uint8Array): Manifest {
  const value = parseJson(data)
  const format = z.object({ format: z.int().min(2) }).safeParse(value)
  if (format.success) {
    throw new BackupError(
      'newer',
      `the backup has format ${format.data.format}; use the Holdfast that made it, or a newer one`,
    )
  }
  return parsed(manifestSchema, value, 'its manifest is wrong')
}

/** @throws BackupError `damaged` */
export function parseEnd(data: Uint8Array): End {
  return parsed(endSchema, parseJson(data), 'its end is wrong')
}

/** What the name of a member says that it is. */
export type Place =
  | { readonly kind: 'manifest' | 'end' | 'checkpoint' | 'publicKeys' | 'history' | 'entries' }
  | { readonly kind: 'key' | 'file' /** Relative to the data folder, with `/`. */; readonly path: string }
  | { readonly kind: 'rows'; readonly table: string }

/** @throws BackupError `damaged` for any name that we would not write: none can lead out of the folder */
export function placeOf(name: string): Place {
  switch (name) {
    case manifestName:
      return { kind: 'manifest' }
    case endName:
      return { kind: 'end' }
    case checkpointName:
      return { kind: 'checkpoint' }
    case publicKeysName:
      return { kind: 'publicKeys' }
  }
  if (/^log\/checkpoints\/\d+$/.test(name)) return { kind: 'history' }
  if (/^log\/entries\/\d+$/.test(name)) return { kind: 'entries' }
  if (/^keys\/[a-z0-9][a-z0-9-]{0,63}\.key$/.test(name)) return { kind: 'key', path: name }
  const rows = /^store\/([a-z][a-z0-9_]{0,62})\/\d+$/.exec(name)
  if (rows?.[1] !== undefined) return { kind: 'rows', table: rows[1] }
  const path = name.slice('files/'.length)
  if (name.startsWith('files/') && isBackedUp(path)) return { kind: 'file', path }
  throw new BackupError(
    'damaged',
    `the backup is not one of ours: it has a member ${JSON.stringify(name.slice(0, 80))}`,
  )
}

/** Whether a file of the data folder goes into a backup as it is: configuration and policies. */
export function isBackedUp(path: string): boolean {
  const [top, ...below] = path.split('/')
  const isSafe = [top, ...below].every(
    (part) => part !== undefined && /^[^\\/:\p{Cc}]+$/u.test(part) && !/^\.{1,2}$/.test(part),
  )
  return isSafe && (path === 'holdfast.yaml' || (top === 'policies' && below.length > 0))
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8'))
  } catch {
    throw new BackupError('damaged', 'the backup is not one of ours: a part of it is no JSON')
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new BackupError('damaged', `the backup is not one of ours: ${what} (${result.error.issues[0]?.path.join('.')})`)
}
