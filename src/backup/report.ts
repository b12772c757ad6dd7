// What is known of a backup that has been read to its end and found whole.

import type { Manifest } from './manifest.ts'

export interface BackupReport {
  readonly id: string
  /** ms since the epoch. */
  readonly madeAt: number
  /** The program that made it. */
  readonly version: string
  /** Of the file. */
  readonly bytes: number
  /** Name of the log. */
  readonly origin: string
  /** Entries of the log, all under its checkpoint. */
  readonly entries: number
  /** When the checkpoint was signed, ms since the epoch. */
  readonly signedAt: number | undefined
  readonly keys: number
  /** Policies and configuration. */
  readonly files: number
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
  readonly store: Manifest['store']
}

/** Told now and then in long work: bytes of the file so far. */
export type Progress = (phase: 'writing' | 'verifying' | 'restoring', bytes: number) => void
