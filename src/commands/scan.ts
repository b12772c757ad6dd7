// holdfast scan: what hides in model and data files, before anything loads them.
import { readFileSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  changedFiles,
  expiredEntries,
  needsSignature,
  openReportCache,
  type Policy,
  proposeAllowed,
  type RunOptions,
  readBaseline,
  readPolicy,
  readTrustedKeys,
  renderReport,
  runScan,
  type SandboxSettings,
  type ScanReport,
  signatureProblem,
  type Target,
  walk,
  writeBaseline,
} from '#artifacts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { parseOptions } from './options.ts'
import { jobsOf, limitsOf, reportFormatOf, scanHelp, scanOptions, sizeOf, thresholdOf } from './scan-options.ts'
import { showProgress } from './scan-progress.ts'

const mostPaths = 1_000_000

type Values = ReturnType<typeof parseScan>['values']

export async function scan(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseScan(args)
  if (values.help) {
    io.stdout(scanHelp)
    return exitCode.ok
  }
  if ([values.watch, values.learn, values.sign].filter((each) => each).length > 1)
    throw new UsageError('--watch, --learn and --sign do not go together')
  if (positionals.length === 0)
    throw new UsageError("say what to scan: a file, a folder or an address; see 'holdfast scan --help'")
  if (values.sign) return (await import('./scan-sign.ts')).signPolicies(positionals, values, io)
  const options = runOptions(values, io)
  if (values.watch) return watch(positionals, values, options, io)

  const { report, files } = await scanPlaces(positionals, values, options, io)
  if (values.learn) return learn(files, values, io)
  await deliver(report, values, io)
  if (values['write-baseline'] !== undefined) write(io, values['write-baseline'], writeBaseline(files))
  if (values.data !== undefined || values.config !== undefined)
    await (await import('./scan-record.ts')).recordScan(files, values, io)
  return codeOf(report)
}

async function scanPlaces(places: readonly string[], values: Values, options: RunOptions, io: CommandIo) {
  const progress = io.isTerminal('stderr') ? showProgress(io.stderr, io.now) : undefined
  const remote = places.some(isRemote) ? (await import('./scan-remote.ts')).openRemote(values, io) : undefined
  try {
    const found = places.map((place) => (isRemote(place) ? (remote?.find(place) ?? []) : localTargets(place, io)))
    const targets = (await Promise.all(found)).flat()
    const bytes = targets.reduce((sum, { size }) => sum + (size ?? 0), 0)
    progress?.expect(targets.length, bytes)
    return await runScan(targets, { ...options, onFile: (file) => progress?.done(file) })
  } finally {
    progress?.end()
    await remote?.close()
  }
}

function parseScan(args: string[]) {
  return parseOptions('scan', args, scanOptions, mostPaths)
}

/** Everything that is wrong with the options is said before a file is opened. */
function runOptions(values: Values, io: CommandIo): RunOptions {
  reportFormatOf(values.format)
  const limits = limitsOf(values)
  const policy = values.policy === undefined ? undefined : policyOf(values.policy, values.trust, io)
  const { baseline, cache } = values
  return {
    limits,
    jobs: jobsOf(values.jobs),
    sandbox: sandboxOf(sizeOf('--max-memory', values['max-memory'])),
    now: io.now(),
    failOn: thresholdOf(values['fail-on']),
    policy,
    baseline: baseline === undefined ? undefined : readBaseline(read(io, baseline), baseline),
    cache: cache === undefined ? undefined : openReportCache(resolve(io.cwd, cache), { limits, allow: policy?.allow }),
    digests:
      values.digests ||
      values.format === 'cyclonedx' ||
      values['write-baseline'] !== undefined ||
      cache !== undefined ||
      values.data !== undefined ||
      values.config !== undefined,
    signal: io.signal,
  }
}

/** @throws UsageError when it must be signed and is not */
function policyOf(file: string, trust: string | undefined, io: CommandIo): Policy {
  const text = read(io, file)
  const policy = readPolicy(text, file)
  if (trust === undefined && needsSignature(policy))
    throw new UsageError(
      `${file} trusts names or suppresses findings, which only a signed policy may: sign it with 'holdfast scan --sign ${file}' and name the keys with --trust ${file}.pub`,
    )
  if (trust !== undefined) {
    const problem = signatureProblem(text, read(io, `${file}.sig`), readTrustedKeys(read(io, trust)))
    if (problem !== undefined) throw new UsageError(`${file} is not used: ${problem}`)
  }
  for (const line of expiredEntries(policy, io.now())) io.stderr(`holdfast: ${file}: ${line}\n`)
  return policy
}

function sandboxOf(memoryBytes: number): SandboxSettings {
  const cache = module.getCompileCacheDir?.()
  return {
    node: process.execPath,
    conditions: import.meta.url.endsWith('.ts') ? ['holdfast-source'] : [],
    compileCache: cache === undefined ? undefined : dirname(cache),
    memoryBytes,
  }
}

function isRemote(place: string): boolean {
  return /^(?:https?|s3|hf):/.test(place)
}

async function localTargets(place: string, io: CommandIo): Promise<readonly Target[]> {
  const path = resolve(io.cwd, place)
  try {
    return await walk(path, shownPath(path, io.cwd))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    throw new UsageError(`cannot scan ${place}: ${code === 'ENOENT' ? 'there is no such file or folder' : code}`)
  }
}

/** The same however it was named, so that a finding has the same id: relative where it is below, with slashes. */
function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path)
  const isOutside = below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)
  return (isOutside ? path : below).replaceAll(sep, '/')
}

async function deliver(report: ScanReport, values: Values, io: CommandIo): Promise<void> {
  const hasColours = values.out === undefined && io.isTerminal('stdout') && (io.env('NO_COLOR') ?? '') === ''
  const text = await renderReport(report, reportFormatOf(values.format), hasColours)
  if (values.out === undefined) io.stdout(text)
  else write(io, values.out, text)
}

function codeOf({ summary }: ScanReport): number {
  return { clean: exitCode.ok, findings: exitCode.notAllRight, incomplete: exitCode.usage }[summary.result]
}

const proposedDays = 180

function learn(files: Parameters<typeof proposeAllowed>[0], values: Values, io: CommandIo): number {
  const { text, names, refused } = proposeAllowed(files, io.now() + proposedDays * 86_400_000)
  if (values.out === undefined) io.stdout(text)
  else write(io, values.out, text)
  io.stderr(`${names.length} names proposed; nothing is trusted before a person has read and signed them\n`)
  for (const { path, rule } of refused) io.stderr(`not proposed: ${rule} in ${JSON.stringify(path)}\n`)
  return refused.length > 0 ? exitCode.notAllRight : exitCode.ok
}

const lookEveryMs = 1_000

/** One report for each change, until a signal ends it; then the worst of all of them is the exit code. */
async function watch(places: string[], values: Values, options: RunOptions, io: CommandIo): Promise<number> {
  const [place = ''] = places
  if (places.length > 1 || isRemote(place)) throw new UsageError('--watch takes one folder')
  const codes = new Set<number>()
  try {
    const look = () => localTargets(place, io)
    const changes = changedFiles({ look, wait: () => wait(lookEveryMs, undefined, { signal: io.signal }) })
    for await (const targets of changes) {
      const { report, files } = await runScan(targets, { ...options, now: io.now() })
      if (targets.length > 0) await deliver(report, values, io)
      if (values.data !== undefined || values.config !== undefined)
        await (await import('./scan-record.ts')).recordScan(files, values, io)
      codes.add(codeOf(report))
    }
  } catch (error) {
    if (!io.signal.aborted) throw error
  }
  return [exitCode.notAllRight, exitCode.usage].find((code) => codes.has(code)) ?? exitCode.ok
}

function read(io: CommandIo, file: string): string {
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error && 'code' in error ? error.code : error}`)
  }
}

function write(io: CommandIo, file: string, text: string): void {
  try {
    writeFileSync(resolve(io.cwd, file), text)
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error && 'code' in error ? error.code : error}`)
  }
}
