// Examines one file: every reading of its bytes that makes sense, what follows behind it, and what is in it.
import { type Budget, createBudget, type ScanLimits } from './budget.ts'
import { ArtifactError } from './error.ts'
import type { Examination, Format, Probe, ScanOptions } from './format.ts'
import { hiddenProgram, hiddenWithin } from './hidden.ts'
import { type Conclusion, createLedger, type Incomplete, type Ledger } from './ledger.ts'
import { appended, mixedFormats } from './scan-rules.ts'
import { type Source, stretch } from './source.ts'

export interface ScanRequest {
  readonly source: Source
  /** As it stands in the report. */
  readonly path: string
  readonly formats: readonly Format[]
  readonly limits: ScanLimits
  readonly options: ScanOptions
  /** ms, monotonic. */
  readonly now: () => number
}

export interface FileReport extends Conclusion {
  readonly path: string
  /** What it is, by content; several when it can be read as several things, `unknown` when as none. */
  readonly formats: readonly string[]
}

export function scan({ source, path, formats, limits, options, now }: ScanRequest): FileReport {
  const ledger = createLedger(limits.findings)
  const walk: Walk = { formats, options, ledger, budget: createBudget(limits, now), lookable: lookableBytes }
  const read = examine(walk, { source, path, depth: 0, expected: undefined })
  return { path, formats: read, ...ledger.conclude() }
}

/** What stays the same over one file. */
interface Walk {
  readonly formats: readonly Format[]
  readonly options: ScanOptions
  readonly budget: Budget
  readonly ledger: Ledger
  /** Bytes of tensors that may still be looked at beyond their beginning. */
  lookable: number
}

interface Item {
  readonly source: Source
  readonly path: string
  readonly depth: number
  readonly expected: string | undefined
}

/** @returns the formats that it was read as; never throws for what is in it */
function examine(walk: Walk, item: Item): readonly string[] {
  const { ledger, budget } = walk
  try {
    if (item.depth > budget.limits.depth)
      throw new ArtifactError('over_limit', `limit reached: more than ${budget.limits.depth} containers deep`)
    budget.checkTime()
    return item.source.size === 0 ? ['empty'] : examineReadings(walk, item)
  } catch (error) {
    ledger.incomplete({ path: item.path, reason: reasonOf(error) })
    return ['unknown']
  }
}

function examineReadings(walk: Walk, item: Item): readonly string[] {
  const probe = probeOf(item)
  const candidates = walk.formats
    .map((format) => ({ format, recognition: format.recognise(probe) }))
    .filter(({ recognition }) => recognition !== undefined)
    .sort((a, b) => Number(a.recognition === 'trailing') - Number(b.recognition === 'trailing'))
  const accepted: Reading[] = []
  const failures: (Incomplete & { isCertain: boolean })[] = []
  for (const { format, recognition } of candidates) {
    if (recognition === 'trailing' && isCovered(item.source, accepted)) continue
    try {
      accepted.push({ format, end: format.examine(examinationOf(walk, item)) })
    } catch (error) {
      const isCertain = recognition === 'certain' || isOverLimit(error)
      failures.push({ path: item.path, reason: `${format.id}: ${reasonOf(error)}`, isCertain })
    }
  }
  for (const { isCertain, path, reason } of failures)
    if (isCertain || accepted.length === 0) walk.ledger.incomplete({ path, reason })
  if (candidates.length === 0) walk.ledger.incomplete({ path: item.path, reason: 'no known format' })
  reportMixture(walk, item, accepted)
  examineTail(walk, item, accepted)
  return accepted.length === 0 ? ['unknown'] : accepted.map(({ format }) => format.id)
}

interface Reading {
  readonly format: Format
  readonly end: number
}

/** Whether what was found at the end lies in a container that examines its members itself: a zip file within a tar. */
function isCovered(source: Source, accepted: readonly Reading[]): boolean {
  return accepted.some(({ format, end }) => format.holdsFiles === true && isPadding(source, end))
}

function reportMixture({ ledger }: Walk, { path }: Item, accepted: readonly { format: Format }[]): void {
  const active = accepted.filter(({ format }) => format.isActive).map(({ format }) => format.id)
  if (active.length < 2) return
  const message = `The same bytes can be loaded as ${active.join(' and as ')}: what is checked need not be what is used.`
  ledger.report(path, { rule: mixedFormats, message })
}

/** What lies behind the end of the file's format, for whoever looks for it there. */
function examineTail(walk: Walk, item: Item, accepted: readonly { end: number }[]): void {
  if (accepted.length === 0) return
  const end = Math.max(...accepted.map((reading) => reading.end))
  const length = item.source.size - end
  if (length <= 0 || isPadding(item.source, end)) return
  walk.ledger.report(item.path, {
    rule: appended,
    message: `${length} bytes follow behind the end of the content.`,
    at: { offset: end, length },
  })
  examine(walk, {
    source: stretch(item.source, end, length),
    path: `${item.path}!/(appended)`,
    depth: item.depth + 1,
    expected: undefined,
  })
}

const paddingLooked = 1024 * 1024

/** Zeros up to the next block, as tar and alignment leave them. */
function isPadding(source: Source, from: number): boolean {
  return source.size - from <= paddingLooked && source.read(from, paddingLooked).every((byte) => byte === 0)
}

function probeOf({ source, path, expected }: Item): Probe {
  const head = source.read(0, headLength)
  const tail = source.size <= headLength ? head : source.read(Math.max(0, source.size - tailLength), tailLength)
  return { source, head, tail, name: nameOf(path).toLowerCase(), expected }
}

const headLength = 64 * 1024
const tailLength = headLength + 22

/** Of every tensor its beginning and its end are looked at, and of the first ones in a file more. */
const lookableBytes = 32 * 1024 * 1024
const lookedBytes = 256 * 1024
const leastLooked = 4096

function examinationOf(walk: Walk, { source, path, depth }: Item): Examination {
  const { budget, options, ledger } = walk
  return {
    source,
    path,
    name: nameOf(path),
    budget,
    options,
    report: (report) => ledger.report(path, report),
    incomplete: (reason) => ledger.incomplete({ path, reason }),
    enter(name, member, expected) {
      examine(walk, { source: member, path: `${path}!/${name}`, depth: depth + 1, expected })
    },
    opaque(offset, length, what) {
      if (length < 16) return
      const looked = walk.lookable > 0 ? lookedBytes : leastLooked
      walk.lookable -= Math.min(length, 2 * looked)
      const found = hiddenWithin(source, offset, length, looked)
      if (found === undefined) return
      const message = `In what should be ${what} is ${found.what}.`
      ledger.report(path, { rule: hiddenProgram, message, at: { offset: found.offset } })
      const member = stretch(source, found.offset, offset + length - found.offset)
      examine(walk, {
        source: member,
        path: `${path}!/(data at ${found.offset})`,
        depth: depth + 1,
        expected: undefined,
      })
    },
  }
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

function isOverLimit(error: unknown): boolean {
  return error instanceof ArtifactError && error.code === 'over_limit'
}

/** Our own reasons are told; of another error only its kind, which is a mistake of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof ArtifactError) return error.message
  return `the scanner failed: ${error instanceof Error ? error.name : 'unknown error'}`
}
