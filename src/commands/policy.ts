// holdfast policy: check policies, test them, and ask them one question.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import {
  actionOf,
  createEntities,
  createOracle,
  decideClosed,
  describeIssue,
  PolicyError,
  type PolicySet,
  parseUid,
  readPolicySources,
  readSuite,
  runSuite,
  type SuiteReport,
} from '#policy'
import { readPolicies } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { formatOption, helpOption, locationOptions, parseOptions, policyFolder } from './options.ts'
import { decisionLines, junitReport, reportLines } from './policy-lines.ts'
import { printable } from './terminal.ts'

const help = `holdfast policy: check policies, test them, and ask them one question

  holdfast policy check [FOLDER] [--strict]
  holdfast policy test [FOLDER|FILE...] [--coverage PERCENT] [--oracle] [--format text|json|junit]
  holdfast policy decide [FOLDER] --principal UID --action ACTION --resource UID [--context JSON] [--entities FILE]

Without FOLDER: the policies of --config FILE, or of ./holdfast.yaml, or ./policies.

check   are they Cedar, and valid against their schema?
  --strict           warnings count as mistakes too

test    run the tests in *.test.yaml beside the policies; 'holdfast init' writes some to begin with
  --coverage PERCENT fail when the tests exercise fewer of the policies
  --oracle           ask Cedar's own evaluator as well, and fail where ours differs

decide  one question, and which policy answers it
  --principal UID    who asks: 'Holdfast::Key::"key_1"'
  --action ACTION    call or infer, or in full: 'Holdfast::Action::"call"'
  --resource UID     of what: 'Holdfast::Operation::"chat"'
  --context JSON     the context of the question (default: {})
  --entities FILE    what is known of principal and resource: a list in Cedar's JSON form

  --format FORMAT    text or json; for test also junit
  --config FILE      take the policies of this holdfast.yaml
  --data DIR         is taken as by every command; nothing is read from it

Exit code 0 when all is right or the question is allowed; 1 when a check or a test fails or the question is denied;
2 when something cannot be read.
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  strict: { type: 'boolean', default: false },
  coverage: { type: 'string' },
  oracle: { type: 'boolean', default: false },
  principal: { type: 'string' },
  action: { type: 'string' },
  resource: { type: 'string' },
  context: { type: 'string', default: '{}' },
  entities: { type: 'string' },
} as const

type Values = ReturnType<typeof parsePolicy>['values']

export async function policy(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsePolicy(args)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const [verb, ...paths] = positionals
  const formats = verb === 'test' ? ['text', 'json', 'junit'] : ['text', 'json']
  if (!formats.includes(values.format))
    throw new UsageError(`--format takes ${formats.join(', ')}, not '${values.format}'`)
  if (verb === 'test') return test(paths, values, io)
  const [folder, surplus] = paths
  if (surplus !== undefined) throw new UsageError(`unexpected '${surplus}'; see 'holdfast policy --help'`)
  if (verb === 'check') return check(policyFolder(folder, values, io), values, io)
  if (verb === 'decide') return decide(policyFolder(folder, values, io), values, io)
  throw new UsageError("say check, test or decide; see 'holdfast policy --help'")
}

function parsePolicy(args: string[]) {
  return parseOptions('policy', args, options, Number.POSITIVE_INFINITY)
}

async function check(folder: string, { strict, format }: Values, io: CommandIo): Promise<number> {
  const found = await readPolicies(folder).catch((error) => {
    // What cannot be read is not checked.
    if (error instanceof PolicyError && error.code !== 'unreadable') return error
    throw error
  })
  const mistakes = found instanceof PolicyError ? found.issues : []
  const warnings = found instanceof PolicyError ? [] : found.warnings
  const policies = found instanceof PolicyError ? undefined : found.policies.length
  const ok = mistakes.length === 0 && !(strict && warnings.length > 0)
  if (format === 'json') io.stdout(`${JSON.stringify({ ok, folder, policies, mistakes, warnings })}\n`)
  else {
    for (const issue of mistakes) io.stdout(`${printable(describeIssue(issue))}\n`)
    for (const issue of warnings) io.stdout(`warning: ${printable(describeIssue(issue))}\n`)
    if (policies !== undefined) io.stdout(`${printable(folder)}: ${policies} policies, ${warnings.length} warning(s)\n`)
  }
  return ok ? exitCode.ok : exitCode.notAllRight
}

async function test(paths: readonly string[], values: Values, io: CommandIo): Promise<number> {
  const least = values.coverage === undefined ? undefined : percent(values.coverage)
  const reports: (SuiteReport & { readonly folder: string })[] = []
  for (const [folder, files] of testFiles(paths, values, io)) {
    const set = await readPolicies(folder)
    const compare = values.oracle ? createOracle(set, await readPolicySources(folder, diskFolder)) : undefined
    const cases = files.flatMap((file) => readSuite(readText(join(folder, file)), join(folder, file), set))
    reports.push({ folder, ...runSuite(set, cases, compare) })
  }
  const isCovered = ({ coverage }: SuiteReport) => least === undefined || coverage.ratio * 100 >= least
  const ok = reports.every(
    (report) => isCovered(report) && report.results.every(({ failures }) => failures.length === 0),
  )
  if (values.format === 'json') io.stdout(`${JSON.stringify({ ok, reports })}\n`)
  else if (values.format === 'junit') io.stdout(junitReport(reports))
  else for (const report of reports) io.stdout(reportLines(report, isCovered(report) ? undefined : least))
  return ok ? exitCode.ok : exitCode.notAllRight
}

const diskFolder = { listFiles: (folder: string) => readdirSync(folder), readFile: readText }

/** The test files, by the folder of their policies. */
function testFiles(paths: readonly string[], values: Values, io: CommandIo): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const add = (folder: string, names: readonly string[]) => found.set(folder, [...(found.get(folder) ?? []), ...names])
  for (const path of paths.length === 0
    ? [policyFolder(undefined, values, io)]
    : paths.map((path) => resolve(io.cwd, path))) {
    if (!existsSync(path)) throw new UsageError(`there is no ${path}`)
    if (!statSync(path).isDirectory()) {
      add(dirname(path), [basename(path)])
      continue
    }
    const names = readdirSync(path).filter((name) => /\.test\.ya?ml$/.test(name))
    if (names.length === 0) throw new UsageError(`there are no tests (*.test.yaml) in ${path}`)
    add(path, names.toSorted())
  }
  return found
}

async function decide(folder: string, values: Values, io: CommandIo): Promise<number> {
  const { principal, action, resource } = values
  if (principal === undefined || action === undefined || resource === undefined)
    throw new UsageError("policy decide needs --principal, --action and --resource; see 'holdfast policy --help'")
  const set = await readPolicies(folder)
  const request = {
    principal: uidOf('--principal', principal),
    action: actionOf(action, set) ?? unknownAction(action, set),
    resource: uidOf('--resource', resource),
    context: contextOf(values.context),
  }
  const entities = createEntities(values.entities === undefined ? [] : readText(resolve(io.cwd, values.entities)), set)
  const decided = decideClosed(set, request, entities)
  io.stdout(
    values.format === 'json' ? `${JSON.stringify({ folder, ...request, ...decided })}\n` : decisionLines(decided, set),
  )
  return decided.decision === 'allow' ? exitCode.ok : exitCode.notAllRight
}

function uidOf(option: string, text: string) {
  const uid = parseUid(text)
  if (uid === undefined)
    throw new UsageError(`${option} takes an entity such as 'Holdfast::Key::"key_1"', not '${text}'`)
  return uid
}

function unknownAction(text: string, { schema }: PolicySet): never {
  const known = schema === undefined ? '' : `; the schema has ${[...schema.actionTypes.keys()].join(', ')}`
  throw new UsageError(`--action: there is no action '${text}'${known}`)
}

/** Checked by the policies' schema when the question is asked. */
function contextOf(text: string) {
  try {
    const context: unknown = JSON.parse(text)
    if (typeof context === 'object' && context !== null && !Array.isArray(context)) return { ...context }
  } catch {
    // Said below.
  }
  throw new UsageError('--context takes a JSON object, such as \'{"stream": true, "tools": false}\'')
}

function percent(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text)
  throw new UsageError(`--coverage takes a percentage, 0 to 100, not '${text}'`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`)
  }
}
