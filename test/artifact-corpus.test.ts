// The whole corpus of artifacts: every development case judged as it should be, every file that real frameworks wrote
// left alone, and every case cut and bent without the scanner failing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allArtifactCases, assertNoFailure, lengthsReplaced, scanBytes, truncations } from './support/artifact-cases.ts'

const found = allArtifactCases()
const skip = 'skip' in found ? found.skip : false
const cases = 'cases' in found ? found.cases : []
const weights = ['info', 'low', 'medium', 'high', 'critical']

test('every malicious development case is found as severe as it is', { skip }, () => {
  const malicious = cases.filter(({ label }) => label === 'malicious')
  assert.equal(malicious.length, 212)
  const missed = malicious.filter((each) => severityOf(each) < (each.expect === 'warn' ? 2 : 3)).map(({ id }) => id)
  assert.deepEqual(missed, [])
})

test('no benign development case and no file of a real framework is flagged or left undecided', { skip }, () => {
  const benign = cases.filter(({ label }) => label === 'benign')
  assert.equal(benign.length, 56 + 69)
  const flagged = benign.filter((each) => severityOf(each) >= 2 || verdictsOf(each).includes('inconclusive'))
  assert.deepEqual(
    flagged.map(({ id }) => id),
    [],
  )
})

test('what needs a second look is not called clean', { skip }, () => {
  const risky = cases.filter(({ label }) => label === 'risky')
  assert.equal(risky.length, 4)
  for (const each of risky)
    assert.ok(
      verdictsOf(each).some((verdict) => verdict !== 'clean'),
      each.id,
    )
})

test('no case makes the scanner fail, wherever it is cut and whatever its lengths say', { skip }, () => {
  for (const { id, files } of cases) {
    for (const { name, bytes } of files.filter((file) => file.bytes.length <= 8192)) {
      for (const cut of sampled(truncations(bytes), bytes.length, 24)) assertNoFailure(cut, name, `${id}, cut`)
      for (const bent of sampled(lengthsReplaced(bytes), bytes.length, 24)) assertNoFailure(bent.bytes, name, id)
    }
  }
})

type Case = (typeof cases)[number]

function severityOf({ files }: Case): number {
  return Math.max(...files.map(({ name, bytes }) => weights.indexOf(scanBytes(bytes, name).maxSeverity ?? 'info')))
}

function verdictsOf({ files }: Case): string[] {
  return files.map(({ name, bytes }) => scanBytes(bytes, name).verdict)
}

/** About `count` of what a generator gives, spread over all of it. */
function* sampled<T>(all: Iterable<T>, length: number, count: number): Generator<T> {
  const every = Math.max(1, Math.floor(length / count))
  let index = 0
  for (const each of all) if (index++ % every === 0) yield each
}
