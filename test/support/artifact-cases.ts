/**
 * Artifacts to scan: the cases of the corpora, of which the generated ones are made once a process, and what hostile
 * hands do to any file. A scan in here is the scanner itself, without a sandbox.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { defaultLimits } from '../../src/artifacts/budget.ts'
import { formats } from '../../src/artifacts/formats.ts'
import { isAtLeast } from '../../src/artifacts/rule.ts'
import { type FileReport, scan } from '../../src/artifacts/scan.ts'
import { bytesSource } from '../../src/artifacts/source.ts'
import { corpusFile } from './corpora.ts'

export interface ArtifactCase {
  readonly id: string
  readonly label: string
  readonly expect: string
  readonly name: string
  readonly bytes: Buffer
}

/** The cases of these formats, made by the generator and written by real frameworks, or why there are none. */
export function artifactCases(
  wanted: readonly string[],
): { readonly cases: readonly ArtifactCase[] } | { readonly skip: string } {
  return generatedCases((folder) => casesIn(folder, wanted))
}

function generatedCases<T>(read: (folder: string) => T[]): { readonly cases: T[] } | { readonly skip: string } {
  const generator = corpusFile('artifacts/gen_dev.py')
  if ('skip' in generator) return generator
  const generated = mkdtempSync(join(tmpdir(), 'holdfast-cases-'))
  try {
    execFileSync('python3', [generator.path, generated], { stdio: 'ignore', timeout: 120_000 })
    return { cases: [generated, join(dirname(generator.path), 'real')].flatMap(read) }
  } catch {
    return { skip: 'NOT TESTED: python3 with numpy, which makes the cases, is not here' }
  } finally {
    rmSync(generated, { recursive: true, force: true })
  }
}

export interface WholeCase extends Pick<ArtifactCase, 'id' | 'label' | 'expect'> {
  /** One, or all of a folder. */
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[]
}

/** All cases, those that are folders too. */
export function allArtifactCases(): { readonly cases: readonly WholeCase[] } | { readonly skip: string } {
  return generatedCases((folder) =>
    manifestOf(folder).map(({ id, label, expect, file, dir }) => ({
      id,
      label,
      expect,
      files: dir
        ? readdirSync(join(folder, file), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name))
            .map((path) => ({ name: path.slice(folder.length + 1), bytes: readFileSync(path) }))
        : [{ name: file, bytes: readFileSync(join(folder, file)) }],
    })),
  )
}

function casesIn(folder: string, wanted: readonly string[]): ArtifactCase[] {
  return manifestOf(folder)
    .filter((each) => wanted.includes(each.format) && !each.dir)
    .map(({ id, label, expect, file }) => {
      return { id, label, expect, name: file, bytes: readFileSync(join(folder, file)) }
    })
}

interface ManifestLine {
  readonly id: string
  readonly label: string
  readonly expect: string
  readonly file: string
  readonly dir: boolean
  readonly format: string
}

function manifestOf(folder: string): ManifestLine[] {
  const lines = readFileSync(join(folder, 'manifest.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

export function scanBytes(bytes: Uint8Array, name: string): FileReport {
  return scan({
    source: bytesSource(bytes),
    path: name,
    formats,
    limits: defaultLimits,
    options: { allowed: new Set() },
    now: () => performance.now(),
  })
}

/** What a case must come to: malicious found as severe, risky told of, benign left alone. */
export function assertJudged({ id, label, expect, name, bytes }: ArtifactCase): void {
  const { verdict, maxSeverity, findings, incomplete } = scanBytes(bytes, name)
  const told = `${id}: ${verdict} ${maxSeverity} ${JSON.stringify([findings.map(({ message }) => message), incomplete])}`
  const reaches = (severity: 'medium' | 'high') => maxSeverity !== undefined && isAtLeast(maxSeverity, severity)
  if (label === 'malicious') assert.ok(reaches(expect === 'warn' ? 'medium' : 'high'), told)
  else if (label === 'risky') assert.notEqual(verdict, 'clean', told)
  else assert.ok(verdict !== 'inconclusive' && !reaches('medium'), told)
}

/** No content may make the scanner itself fail. */
export function assertNoFailure(bytes: Uint8Array, name: string, what: string): FileReport {
  const report = scanBytes(bytes, name)
  for (const { reason } of report.incomplete) assert.ok(!reason.includes('the scanner failed'), `${what}: ${reason}`)
  return report
}

/** The file cut off after each of its bytes, or, when it is long, after about a thousand of them. */
export function* truncations(bytes: Buffer): Generator<Buffer> {
  const step = Math.max(1, Math.floor(bytes.length / 1000))
  for (let length = 1; length < bytes.length; length += step) yield bytes.subarray(0, length)
}

/** At every place that may hold a length: 0, all bits, the sign bits of 32 and 64 bits. */
export function* lengthsReplaced(bytes: Buffer): Generator<{ readonly what: string; readonly bytes: Buffer }> {
  const step = Math.max(1, Math.floor(bytes.length / 400))
  for (let at = 0; at + 8 <= bytes.length; at += step)
    for (const [width, value] of lengths) {
      const changed = Buffer.from(bytes)
      changed.fill(0, at, at + width)
      changed.writeBigUInt64LE(width === 8 ? value : (bytes.readBigUInt64LE(at) & ~0xffff_ffffn) | value, at)
      yield { what: `${value.toString(16)} at ${at}`, bytes: changed }
    }
}

const lengths: readonly (readonly [4 | 8, bigint])[] = [
  [4, 0n],
  [4, 0xffff_ffffn],
  [4, 0x8000_0000n],
  [8, 0xffff_ffff_ffff_ffffn],
  [8, 0x8000_0000_0000_0000n],
]

/** A few bytes changed, moved or doubled, as the numbers say. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  const result = Buffer.from(bytes)
  const place = () => Math.floor(random() * result.length)
  for (let times = 1 + Math.floor(random() * 6); times > 0; times--) {
    const kind = random()
    if (kind < 0.6) result[place()] = Math.floor(random() * 256)
    else if (kind < 0.8) result.copyWithin(place(), place(), place())
    else result[place()] = random() < 0.5 ? 0xff : 0x00
  }
  return result
}
