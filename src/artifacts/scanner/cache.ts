// Reports of earlier scans, by the content of the file, its path and everything that the report depends on: the code of
// the scanner, the limits and the names that are trusted. Whoever can write to the folder could make any file clean, so
// it must be its owner's alone.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ArtifactError } from '../error.ts'
import { readReport } from './job.ts'
import type { ReportCache } from './scan-files.ts'

/**
 * @param dependsOn  what else a report depends on, beside the file and the scanner
 * @throws ArtifactError `unreadable` when the folder cannot be made, or others can write to it
 */
export function openReportCache(folder: string, dependsOn: unknown): ReportCache {
  makeFolder(folder)
  const scanner = createHash('sha256').update(codeDigest()).update(JSON.stringify(dependsOn)).digest('hex')
  const placeOf = (path: string, sha256: string) => {
    const key = createHash('sha256')
      .update(JSON.stringify([scanner, sha256, path]))
      .digest('hex')
    return join(folder, key.slice(0, 2), `${key.slice(2)}.json`)
  }
  return {
    find(path, sha256) {
      try {
        // Checked as if a child had sent it: what is damaged is not there.
        return readReport(readFileSync(placeOf(path, sha256)), path)
      } catch {
        return undefined
      }
    },
    keep(report, sha256) {
      // What time or memory kept from being read may be read the next time.
      if (report.verdict === 'inconclusive') return
      const place = placeOf(report.path, sha256)
      try {
        mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
        writeFileSync(`${place}.${process.pid}.part`, JSON.stringify(report), { mode: 0o600 })
        renameSync(`${place}.${process.pid}.part`, place)
      } catch {
        // A cache that is full or read-only only makes the next scan slower.
      }
    },
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown reason'
    throw new ArtifactError('unreadable', `the cache folder ${folder} cannot be made: ${code}`)
  }
  const { mode, uid } = statSync(folder)
  const user = process.getuid?.()
  if (user !== undefined && ((mode & 0o022) !== 0 || uid !== user))
    throw new ArtifactError(
      'unreadable',
      `others can write to the cache folder ${folder}: chmod go-w it, or name another`,
    )
}

/** Over all code of this room: a rule that changes makes every report old. */
function codeDigest(): string {
  const room = dirname(import.meta.dirname)
  const hash = createHash('sha256').update(process.version)
  const names = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.[jt]s$/.test(name),
  )
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(room, name)))
  return hash.digest('hex')
}
