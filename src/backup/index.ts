// backup: everything an installation consists of, in one encrypted file: rows, log, keys, policies. Written while the
// gateway runs, read back before it counts, and restored whole or not at all.
export type { Hidden, Opening, Sealing } from './age.ts'
export { BackupError, type BackupErrorCode } from './error.ts'
export { readBackup } from './read.ts'
export type { BackupReport, Progress } from './report.ts'
export { type RestoreTarget, restoreBackup } from './restore.ts'
export { type BackupSource, writeBackup } from './write.ts'
