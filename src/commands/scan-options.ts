// The options of holdfast scan, and what they mean.
import { availableParallelism } from 'node:os'
import type { z } from 'zod'
import { defaultLimits, type ReportFormat, reportFormats, type ScanLimits, type Severity, severities } from '#artifacts'
import { durationMs, sizeBytes } from '#config'
import { UsageError } from './io.ts'

export const scanHelp = `holdfast scan: what hides in model and data files, before anything loads them

  holdfast scan PATH… [--format FORMAT] [--out FILE] [--fail-on SEVERITY]
  holdfast scan ADDRESS…   hf:ORG/MODEL[@REVISION], s3://BUCKET/KEY, s3://BUCKET/PREFIX/ or https://HOST/FILE
  holdfast scan --watch FOLDER
  holdfast scan --learn FOLDER --out POLICY
  holdfast scan --sign POLICY [--data DIR]

Reads files and folders by what is in them, whatever they are called: pickles, PyTorch, Keras, TensorFlow, ONNX, GGUF,
safetensors, NumPy, archives and more. Nothing of them is ever run or loaded. Each is read in a process of its own that
may not write, connect or start anything, with bounds on time and memory; what cannot be read whole is inconclusive.

  --format FORMAT  text (default), json, sarif (2.1.0), cyclonedx (1.7), junit or html
  --out FILE       write the report there instead of to the standard output
  --fail-on SEVERITY
                   exit code 1 from this severity on: info, low, medium, high (default), critical, or none
  --policy FILE    weights, exceptions and trusted names of this site; see docs/scanner.md
  --trust FILE     public keys: the policy must be signed by them (FILE of 'holdfast scan --sign' ends in .pub)
  --baseline FILE  what was found before does not count again
  --write-baseline FILE
                   write what is found now as a baseline
  --jobs N         files at once (default: one for each core)
  --cache FOLDER   remember reports here, by content and version of the scanner
  --digests        the SHA-256 of every file, also of large ones
  --data DIR       record what is found in this installation (with --sign: sign with its key)
  --config FILE    the installation that this holdfast.yaml belongs to

  --watch          keep watching the folder: scan what is new or changed, until Ctrl-C
  --learn          propose the names that these trusted files need, as the draft of a policy to be read and signed
  --sign           sign a policy: writes POLICY.sig and POLICY.pub

Bounds, each of which makes a file inconclusive when it is reached:
  --max-time 5m, --max-memory 2GiB, --max-unpacked 16GiB, --max-member 512MiB, --max-ratio 100, --max-entries 100000,
  --max-depth 8, --max-findings 1000, and over the network --max-download 1GiB

Over the network only public addresses are asked; a server of your own needs --allow-private, which also allows plain
http. Redirects stay on their host (those of the hub on its hosts), and on those named with --allow-host HOST. Tokens come from HF_TOKEN, and from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN and AWS_REGION.

Exit codes: 0 nothing at or over the threshold, and all was read; 1 findings at or over the threshold, whatever else;
2 not all could be read, or wrong usage.
`

export const scanOptions = {
  help: { type: 'boolean', short: 'h', default: false },
  format: { type: 'string', default: 'text' },
  out: { type: 'string' },
  'fail-on': { type: 'string', default: 'high' },
  policy: { type: 'string' },
  trust: { type: 'string' },
  baseline: { type: 'string' },
  'write-baseline': { type: 'string' },
  jobs: { type: 'string' },
  cache: { type: 'string' },
  digests: { type: 'boolean', default: false },
  data: { type: 'string' },
  config: { type: 'string' },
  watch: { type: 'boolean', default: false },
  learn: { type: 'boolean', default: false },
  sign: { type: 'boolean', default: false },
  'max-time': { type: 'string' },
  'max-memory': { type: 'string', default: '2GiB' },
  'max-unpacked': { type: 'string' },
  'max-member': { type: 'string' },
  'max-ratio': { type: 'string' },
  'max-entries': { type: 'string' },
  'max-depth': { type: 'string' },
  'max-findings': { type: 'string' },
  'max-download': { type: 'string', default: '1GiB' },
  'allow-host': { type: 'string', multiple: true },
  'allow-private': { type: 'boolean', default: false },
} as const

type Values = Readonly<Record<`max-${string}`, string | undefined>>

/** @throws UsageError */
export function reportFormatOf(text: string): ReportFormat {
  const format = reportFormats.find((each) => each === text)
  if (format === undefined) throw new UsageError(`--format takes ${reportFormats.join(', ')}, not '${text}'`)
  return format
}

/** @throws UsageError */
export function thresholdOf(text: string): Severity | 'none' {
  if (text === 'none') return 'none'
  const severity = severities.find((each) => each === text)
  if (severity === undefined) throw new UsageError(`--fail-on takes ${severities.join(', ')} or none, not '${text}'`)
  return severity
}

/** @throws UsageError */
export function jobsOf(text: string | undefined): number {
  return text === undefined ? availableParallelism() : count('--jobs', text, 256)
}

/** @throws UsageError */
export function limitsOf(values: Values): ScanLimits {
  const own = <T>(name: `max-${string}`, read: (option: string, text: string) => T, otherwise: T): T => {
    const text = values[name]
    return text === undefined ? otherwise : read(`--${name}`, text)
  }
  return {
    timeMs: own('max-time', (option, text) => quantity(option, text, durationMs), defaultLimits.timeMs),
    unpackedBytes: own('max-unpacked', sizeOf, defaultLimits.unpackedBytes),
    memberBytes: own('max-member', sizeOf, defaultLimits.memberBytes),
    ratio: own('max-ratio', count, defaultLimits.ratio),
    entries: own('max-entries', count, defaultLimits.entries),
    depth: own('max-depth', count, defaultLimits.depth),
    findings: own('max-findings', count, defaultLimits.findings),
  }
}

/** Bytes. @throws UsageError */
export function sizeOf(option: string, text: string): number {
  return quantity(option, text, sizeBytes)
}

function quantity(option: string, text: string, schema: z.ZodType<number>): number {
  const amount = schema.safeParse(text)
  if (!amount.success || amount.data === 0)
    throw new UsageError(`${option} takes an amount such as ${schema === durationMs ? '5m' : '512MiB'}, not '${text}'`)
  return amount.data
}

function count(option: string, text: string, most = 1_000_000): number {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > most) throw new UsageError(`${option} takes a whole number, 1 to ${most}, not '${text}'`)
  return number
}
