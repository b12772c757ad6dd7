// Many files through a few sandboxed children. One that dies takes nothing with it but its file's verdict.
import type { ScanLimits } from '../budget.ts'
import { ArtifactError } from '../error.ts'
import type { FileReport } from '../scan.ts'
import { shown } from '../text.ts'
import { type SandboxedChild, type SandboxSettings, startChild } from './child.ts'
import type { Content } from './content.ts'

/** One file to scan: where to get it, or why it cannot be got. */
export type Target = {
  /** As it stands in the report. */
  readonly path: string
  /** Bytes, as far as they are known before it is opened; for progress. */
  readonly size?: number
  /** Another one means that the file has changed since. */
  readonly stamp?: string
} & ({ open(): Promise<Content> } | { readonly refused: string })

export interface ScannedFile {
  readonly report: FileReport
  /** Bytes; undefined when it could not be opened. */
  readonly size: number | undefined
  /** SHA-256, where it was taken. */
  readonly sha256: string | undefined
}

export interface ScanFilesOptions {
  readonly limits: ScanLimits
  /** How many files at once. */
  readonly jobs: number
  readonly sandbox: SandboxSettings
  /** Whether the SHA-256 of a file of this size is wanted. */
  wantsDigest(size: number): boolean
  /** Names that are trusted in this file. */
  allowedIn(path: string, sha256: string | undefined): readonly string[]
  /** Reports of earlier scans. */
  readonly cache?: ReportCache | undefined
  onFile?(file: ScannedFile): void
  readonly signal?: AbortSignal
}

export interface ReportCache {
  find(path: string, sha256: string): FileReport | undefined
  keep(report: FileReport, sha256: string): void
}

/**
 * Scans each target in a sandbox.
 *
 * @returns one result a target, sorted by path
 * @throws the signal's reason when it is aborted
 */
export async function scanFiles(
  targets: AsyncIterable<Target> | Iterable<Target>,
  options: ScanFilesOptions,
): Promise<readonly ScannedFile[]> {
  const files: ScannedFile[] = []
  const queue = Symbol.asyncIterator in targets ? targets[Symbol.asyncIterator]() : targets[Symbol.iterator]()
  // The first child starts while the files are still being looked for.
  const workers = Array.from({ length: Math.max(1, options.jobs) }, (_, place) =>
    createWorker(options, place === 0 ? startChild(options.sandbox) : undefined),
  )
  const work = async (worker: Worker) => {
    for (;;) {
      options.signal?.throwIfAborted()
      const next = await queue.next()
      if (next.done === true) return
      const file = await worker.scan(next.value)
      files.push(file)
      options.onFile?.(file)
    }
  }
  const stop = () => {
    for (const worker of workers) worker.close()
  }
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    await Promise.all(workers.map(work))
  } finally {
    options.signal?.removeEventListener('abort', stop)
    stop()
  }
  options.signal?.throwIfAborted()
  return files.sort(({ report: a }, { report: b }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

interface Worker {
  scan(target: Target): Promise<ScannedFile>
  close(): void
}

function createWorker(options: ScanFilesOptions, started: SandboxedChild | undefined): Worker {
  let child = started
  let isClosed = false

  return { scan, close }

  async function scan(target: Target): Promise<ScannedFile> {
    if ('refused' in target) return unscanned(target.path, target.refused)
    let content: Content | undefined
    try {
      content = await target.open()
      return await scanContent(target.path, content)
    } catch (error) {
      const reason = error instanceof ArtifactError ? error.message : 'the file cannot be read'
      return unscanned(target.path, reason, content?.size)
    } finally {
      await content?.close()
    }
  }

  async function scanContent(path: string, content: Content): Promise<ScannedFile> {
    const { size } = content
    const sha256 = options.wantsDigest(size) ? await content.digest() : undefined
    const known = sha256 === undefined ? undefined : options.cache?.find(path, sha256)
    if (known !== undefined) return { report: known, size, sha256 }
    if (isClosed) return unscanned(path, 'the scan was stopped', size)
    if (child === undefined || !child.isAlive) child = startChild(options.sandbox)
    const settings = { path, size, limits: options.limits, allowed: options.allowedIn(path, sha256) }
    const outcome = await child.run(settings, content)
    if ('died' in outcome) return unscanned(path, outcome.died, size, sha256)
    if (!(await content.isUnchanged())) return unscanned(path, 'the file changed while it was read', size)
    if (sha256 !== undefined) options.cache?.keep(outcome.report, sha256)
    return { report: outcome.report, size, sha256 }
  }

  function close(): void {
    isClosed = true
    child?.close()
  }
}

function unscanned(path: string, reason: string, size?: number, sha256?: string): ScannedFile {
  const report: FileReport = {
    path,
    formats: ['unknown'],
    verdict: 'inconclusive',
    maxSeverity: undefined,
    findings: [],
    incomplete: [{ path, reason: shown(reason, 500) }],
    droppedFindings: 0,
  }
  return { report, size, sha256 }
}
