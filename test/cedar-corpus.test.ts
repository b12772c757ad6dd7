/**
 * Cedar's own test suites (cedar-policy/cedar-integration-tests): our evaluator must give the decision, the reasons and
 * the policies in error that Cedar's specification gives, for each request.
 *
 * The corpus has 5,916 sets with 47,328 requests. All of them run without their schema; with it, which is slower because
 * Cedar validates each set, one in eight runs, or all when HOLDFAST_FULL_CORPUS=1.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CedarJson, compilePolicies, createEntities, decide } from '#policy'
import { corpusFile } from './support/corpora.ts'
import { readTarGz } from './support/tar.ts'

const corpus = corpusFile('infra/cedar-corpus.tar.gz')
const handwritten = corpusFile('infra/cedar-handwritten.tar.gz')
const stride = process.env.HOLDFAST_FULL_CORPUS === '1' ? 1 : 8

test("every request of Cedar's corpus is decided as Cedar decides it", (t) => {
  if ('skip' in corpus) return t.skip(corpus.skip)
  const suite = readSuite(corpus.path)
  const results = suite.cases.map((name) => runCase(suite, name, false))
  assert.deepEqual(results.flatMap(({ disagreements }) => disagreements).slice(0, 10), [])
  assert.equal(suite.cases.length, 5_916)
  assert.equal(sum(results.map(({ requests }) => requests)), 47_328)
})

test("requests of Cedar's corpus are decided alike when policies, entities and request are held to the schema", (t) => {
  if ('skip' in corpus) return t.skip(corpus.skip)
  const suite = readSuite(corpus.path)
  const valid = suite.cases.filter((name, n) => n % stride === 0 && readCase(suite, name).shouldValidate)
  const results = valid.map((name) => runCase(suite, name, true))
  assert.deepEqual(results.flatMap(({ disagreements }) => disagreements).slice(0, 10), [])
  assert.ok(sum(results.map(({ requests }) => requests)) > 30_000 / stride)
})

test("every request of Cedar's hand-written tests is decided as Cedar decides it", (t) => {
  if ('skip' in handwritten) return t.skip(handwritten.skip)
  const suite = readSuite(handwritten.path)
  const results = suite.cases.map((name) => runCase(suite, name, true))
  assert.deepEqual(results.flatMap(({ disagreements }) => disagreements).slice(0, 10), [])
  assert.equal(suite.cases.length, 16)
})

interface Suite {
  readonly files: ReadonlyMap<string, string>
  readonly cases: readonly string[]
}

/** Cedar's test format (cedar-integration-tests/README.md). */
interface Case {
  readonly policies: string
  readonly entities: string
  readonly schema: string
  readonly shouldValidate: boolean
  readonly requests: readonly {
    readonly description: string
    readonly principal: { readonly type: string; readonly id: string }
    readonly action: { readonly type: string; readonly id: string }
    readonly resource: { readonly type: string; readonly id: string }
    readonly context: Record<string, CedarJson>
    readonly decision: 'allow' | 'deny'
    readonly reason: readonly string[]
    readonly errors: readonly string[]
  }[]
}

function readSuite(path: string): Suite {
  const files = readTarGz(path)
  const cases = [...files.keys()].filter((name) => /tests\/.*\.json$/.test(name) && !name.endsWith('.entities.json'))
  return { files, cases: cases.toSorted() }
}

function readCase({ files }: Suite, name: string): Case {
  // Integers beyond 2^53 must not be rounded.
  return JSON.parse(fileOf(files, name), (_name: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(context?.source ?? '') : value,
  )
}

function runCase(suite: Suite, name: string, withSchema: boolean): { requests: number; disagreements: unknown[] } {
  const { policies, entities, schema, requests } = readCase(suite, name)
  const set = compilePolicies({
    policies: [{ name: policies, text: fileOf(suite.files, policies) }],
    schema: withSchema ? { name: schema, text: fileOf(suite.files, schema) } : undefined,
  })
  const store = createEntities(fileOf(suite.files, entities), set)
  // Cedar numbers the policies of a text: policy0, policy1...
  const numbers = new Map(set.policies.map(({ id }, n) => [id, `policy${n}`]))
  const number = (id: string) => numbers.get(id)
  const disagreements = requests.flatMap((request) => {
    const { decision, reasons, errors } = decide(set, request, store)
    const ours = [decision, reasons.map(number).sort(), errors.map(({ policy }) => number(policy)).sort()]
    const theirs = [request.decision, request.reason.toSorted(), request.errors.toSorted()]
    return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ name, of: request.description, ours, theirs }]
  })
  return { requests: requests.length, disagreements }
}

function fileOf(files: ReadonlyMap<string, string>, name: string): string {
  const text = files.get(name)
  assert.ok(text !== undefined, `${name} is not in the archive`)
  return text
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}
