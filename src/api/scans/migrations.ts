// The table of this room. Append only: what has been applied somewhere is never edited.
import type { Migration } from '#store'

export interface ApiTables {
  api_scan: {
    id: string
    state: ScanState
    /** `path`, `url` or `upload`. */
    source: string
    /** What is shown: the path or the address that was asked for, or the name of the upload. */
    name: string
    threshold: string
    principal: string
    tenant: string
    /** How often it was begun: one that takes the program down must not do so for ever. */
    attempts: number
    /** 1, 0, or null while it is not known. */
    admitted: number | null
    /** JSON, as `holdfast scan --format json` shows it. */
    report: string | null
    /** Why it is not let in: a JSON array of sentences. */
    reasons: string
    /** ms since the epoch, as the two below. */
    created_at: number
    started_at: number | null
    finished_at: number | null
  }
}

export const scanStates = ['queued', 'running', 'done', 'failed'] as const
export type ScanState = (typeof scanStates)[number]

export const apiMigrations: readonly Migration[] = [
  {
    id: 'api/0001-scans',
    up: ({ schema }) => [
      schema
        .createTable('api_scan')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('threshold', 'text', (column) => column.notNull())
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('admitted', 'integer')
        .addColumn('report', 'text')
        .addColumn('reasons', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'integer')
        .addColumn('finished_at', 'integer'),
      schema.createIndex('api_scan_state').on('api_scan').columns(['state', 'created_at']),
      schema.createIndex('api_scan_created').on('api_scan').column('created_at'),
    ],
  },
]
