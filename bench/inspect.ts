/**
 * What inspection costs and what it finds: microseconds for each KB of fresh text, beside JSON.parse and NFKC over the
 * same bytes; cached texts; pushes of a stream; then recall for each source of attacks and false positives for each source
 * of harmless texts, and personal data against labelled texts.
 *
 *   bin/holdfast-node bench/inspect.ts
 *
 * The corpora are read from ../shared/corpora, or from the folder that HOLDFAST_CORPORA names.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  canaries,
  createInspector,
  type Detector,
  injection,
  normalise,
  personalData,
  type Source,
  secrets,
  type Verdict,
} from '#inspect'
import { median, type Row, table } from './table.ts'

const FOLDER = join(process.env.HOLDFAST_CORPORA ?? join(import.meta.dirname, '../../shared/corpora'), 'guardrails')
const MAX_US_PER_KB = 300

/** Prints the figures; true when all detectors together take no more than 300 µs for a KB of fresh ASCII. */
export function inspectBench(print: (line: string) => void): boolean {
  const texts = makeTexts()
  const isFast = speed(texts, print)
  if (!existsSync(FOLDER)) {
    print(`SKIPPED recall and false positives: ${FOLDER} is not there (set HOLDFAST_CORPORA)`)
    return isFast
  }
  print('')
  print(table([['injection', 'texts', 'flagged %', 'by kind'], ...injectionRows()]))
  print('')
  print(table([['personal data', 'precision', 'recall'], ...personalRows()]))
  return isFast
}

const source: Source = { channel: 'user', contentType: 'text', direction: 'request' }
const mask = { personal: 'mask', secret: 'mask', canary: 'mask', injection: 'flag' } as const
const detectors: readonly Detector[] = [canaries(['Zebra-canary-42']), secrets(), personalData(), injection()]

function inspectorOf(some: readonly Detector[], cacheEntries = 0) {
  return createInspector({
    detectors: some,
    actions: { request: mask, response: mask },
    cacheEntries,
    timeLimitMs: 1000,
    now: () => 0,
  })
}

/** Prose, code and tables in ASCII, about 2 KB each, without anything that repeats exactly. */
function makeTexts(): string[] {
  const words =
    'the a of in to model request server table value users should return error when policy token each key list name time and data is not for with this that from cache'.split(
      ' ',
    )
  return Array.from({ length: 200 }, (_, index) => {
    let text = ''
    for (let at = 0; text.length < 2048; at++) {
      const word = words[(at * 7 + index * 13 + ((at * at) >> 3)) % words.length] ?? ''
      text += at % 17 === 16 ? `${word}.\n` : at % 11 === 10 ? `${word}_${index}(${at}); ` : `${word} `
    }
    return text
  })
}

function speed(texts: readonly string[], print: (line: string) => void): boolean {
  const kilobytes = texts.reduce((sum, text) => sum + text.length, 0) / 1024
  const bodies = texts.map((text) => JSON.stringify(text))
  const rows: Row[] = [['fresh ASCII text', 'µs/KB', 'of JSON.parse']]
  const parse = median(rounds(() => bodies.forEach((body) => void JSON.parse(body)))) / kilobytes
  const add = (name: string, work: (text: string) => unknown) => {
    const microseconds = median(rounds(() => texts.forEach((text) => void work(text)))) / kilobytes
    rows.push([name, microseconds.toFixed(1), `${(microseconds / parse).toFixed(1)} x`])
    return microseconds
  }
  rows.push(['JSON.parse', parse.toFixed(1), '1.0 x'])
  add('String.normalize NFKC', (text) => text.normalize('NFKC'))
  add('our normaliser', (text) => normalise(text))
  for (const detector of detectors) {
    const inspector = inspectorOf([detector])
    add(`detector ${detector.id}, with its views`, (text) =>
      inspector.inspect({ ...source, text }, { tenant: 'bench' }),
    )
  }
  const all = inspectorOf(detectors)
  const total = add('all detectors', (text) => all.inspect({ ...source, text }, { tenant: 'bench' }))
  print(table(rows))

  const cached = inspectorOf(detectors, 10_000)
  const perText =
    median(rounds(() => texts.forEach((text) => void cached.inspect({ ...source, text }, { tenant: 'bench' })))) /
    texts.length
  print(`\na text of 2 KB seen before: ${perText.toFixed(1)} µs`)
  print(
    `a stream, pushed 5 characters at a time: ${push(texts.join('')).toFixed(1)} µs a push in ASCII, ${push('你好，今天我们讨论安全。'.repeat(5000)).toFixed(1)} in Chinese`,
  )
  return total <= MAX_US_PER_KB
}

function push(text: string): number {
  const deltas = text.match(/[\s\S]{1,5}/g) ?? []
  const inspector = inspectorOf(detectors)
  const microseconds = rounds(() => {
    const stream = inspector.stream({ ...source, direction: 'response' })
    for (const delta of deltas) stream.push(delta)
  })
  return median(microseconds) / deltas.length
}

/** Microseconds of each of several runs, after two to warm up. */
function rounds(work: () => void): number[] {
  const times: number[] = []
  for (let round = -2; round < 9; round++) {
    const started = performance.now()
    work()
    if (round >= 0) times.push((performance.now() - started) * 1000)
  }
  return times
}

function injectionRows(): Row[] {
  return ['attack', 'benign'].flatMap((kind) =>
    readdirSync(join(FOLDER, kind))
      .filter((file) => file.endsWith('.jsonl'))
      .sort()
      .map((file) => injectionRow(kind, file)),
  )
}

function injectionRow(kind: string, file: string): Row {
  const inspector = inspectorOf([injection()])
  const rows = readFileSync(join(FOLDER, kind, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(readRow)
  const kinds = new Map<string, number>()
  for (const { text, channel } of rows) {
    const [verdict] = sync(inspector.inspect({ ...source, channel, text }, { tenant: 'bench' }))
    if (verdict !== undefined) kinds.set(verdict.kind, (kinds.get(verdict.kind) ?? 0) + 1)
  }
  const flagged = [...kinds.values()].reduce((sum, count) => sum + count, 0)
  const byKind = [...kinds].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`)
  return [
    `${kind}/${file.replace('.jsonl', '')}`,
    String(rows.length),
    ((100 * flagged) / rows.length).toFixed(1),
    byKind.slice(0, 3).join(', '),
  ]
}

/** Texts that stand for documents are looked at as such. */
function readRow(line: string): { text: string; channel: string } {
  const { text, kind, channel } = JSON.parse(line) as { text: string; kind?: string; channel?: string }
  const isData = channel === 'data' || kind === 'document' || kind?.startsWith('indirect') === true
  return { text, channel: isData ? 'document' : 'user' }
}

const ENTITIES: Record<string, string> = {
  CREDIT_CARD: 'card',
  US_SSN: 'us_ssn',
  PHONE_NUMBER: 'phone',
  EMAIL_ADDRESS: 'email',
  IBAN_CODE: 'iban',
}

interface Labelled {
  readonly full_text: string
  readonly spans: readonly {
    readonly entity_type: string
    readonly start_position: number
    readonly end_position: number
  }[]
}

/** Precision and recall over synthetic identities (presidio-research); a match counts when it touches a labelled span. */
function personalRows(): Row[] {
  const inspector = inspectorOf([personalData()])
  const texts = JSON.parse(
    readFileSync(join(FOLDER, 'pii/presidio_research_generated_large.json'), 'utf8'),
  ) as Labelled[]
  const counts = new Map(
    Object.values(ENTITIES).map((kind) => [kind, { labelled: 0, found: 0, reported: 0, right: 0 }]),
  )
  for (const { full_text: text, spans } of texts) {
    const verdicts = sync(inspector.inspect({ ...source, text }, { tenant: 'bench' }))
    for (const [kind, count] of counts) {
      const mine = verdicts.filter((verdict) => verdict.kind === kind)
      const labels = spans.filter(({ entity_type }) => ENTITIES[entity_type] === kind)
      const touches = (verdict: Verdict, label: (typeof spans)[number]) =>
        verdict.start < label.end_position && label.start_position < verdict.end
      count.labelled += labels.length
      count.found += labels.filter((label) => mine.some((verdict) => touches(verdict, label))).length
      count.right += mine.filter((verdict) => labels.some((label) => touches(verdict, label))).length
      count.reported += mine.length
    }
  }
  return [...counts].map(([kind, { labelled, found, reported, right }]) => [
    kind,
    (right / reported).toFixed(3),
    (found / labelled).toFixed(3),
  ])
}

function sync(verdicts: readonly Verdict[] | Promise<readonly Verdict[]>): readonly Verdict[] {
  if (verdicts instanceof Promise) throw new Error('all of these detectors are synchronous')
  return verdicts
}

if (import.meta.main) process.exitCode = inspectBench((line) => console.log(line)) ? 0 : 1
