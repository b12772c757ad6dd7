// A strict reader of the text format of Prometheus, version 0.0.4: what a scraper might forgive is an error here.
import assert from 'node:assert/strict'

export interface Exposition {
  /** The value of a series; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** Over all series of a name whose labels are so. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
  /** All values that a label has anywhere. */
  valuesOf(label: string): Set<string>
  readonly size: number
}

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const namePattern = /^[a-z_:][a-z0-9_:]*$/
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^\n]*)\})? (\+Inf|-Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/
const labelPattern = /([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/gy

export function readExposition(text: string): Exposition {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const samples: Sample[] = []
  const types = new Map<string, string>()
  let current: { name: string; type: string } | undefined
  let help: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, ofHelp] = /^# HELP (\S+) \S/.exec(line) ?? []
    const [, ofType, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (ofHelp !== undefined) help = ofHelp
    else if (ofType !== undefined && type !== undefined) {
      assert.equal(help, ofType, 'help comes right before the type')
      assert.match(ofType, namePattern)
      assert.ok(!types.has(ofType), `${ofType} comes once`)
      if (type === 'counter') assert.match(ofType, /_total$/)
      types.set(ofType, type)
      current = { name: ofType, type }
    } else samples.push(sampleOf(line, current))
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()]))
  assert.equal(new Set(keys).size, keys.length, 'each series comes once')
  checkHistograms(samples, types)
  return access(samples)
}

function sampleOf(line: string, current: { name: string; type: string } | undefined): Sample {
  const [whole, name = '', labels = '', value = ''] = samplePattern.exec(line) ?? []
  assert.equal(whole, line, 'a sample')
  const suffixes = current?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  assert.ok(
    suffixes.some((suffix) => name === `${current?.name}${suffix}`),
    `${name} stands under its own type`,
  )
  const found = [...labels.matchAll(labelPattern)]
  assert.equal(found.map(([text]) => text).join(''), labels, `labels of ${line}`)
  const entries = found.map(([, key = '', text = '']) => [key, unescaped(text)])
  const number = value === '+Inf' ? Infinity : Number(value)
  if (current?.type !== 'gauge') assert.ok(number >= 0, line)
  return { name, labels: Object.fromEntries(entries), value: number }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/** Buckets ascend, their counts never fall, and the last one has all. */
function checkHistograms(samples: readonly Sample[], types: ReadonlyMap<string, string>): void {
  for (const [name, type] of types) {
    if (type !== 'histogram') continue
    const groups = Map.groupBy(
      samples.filter((sample) => sample.name === `${name}_bucket`),
      ({ labels: { le: _, ...own } }) => JSON.stringify(own),
    )
    for (const [own, buckets] of groups) {
      const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Infinity : Number(labels.le)))
      assert.deepEqual(
        bounds,
        bounds.toSorted((a, b) => a - b),
      )
      assert.equal(bounds.at(-1), Infinity)
      const counts = buckets.map(({ value }) => value)
      assert.deepEqual(
        counts,
        counts.toSorted((a, b) => a - b),
      )
      const total = samples.find((each) => each.name === `${name}_count` && JSON.stringify(each.labels) === own)
      assert.equal(total?.value, counts.at(-1), `${name}${own}`)
    }
  }
}

function access(samples: readonly Sample[]): Exposition {
  const matching = (name: string, labels: Readonly<Record<string, string>>) =>
    samples.filter(
      (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
    )
  return {
    value: (name, labels = {}) => matching(name, labels)[0]?.value,
    sum: (name, labels = {}) => matching(name, labels).reduce((sum, { value }) => sum + value, 0),
    valuesOf: (label) => new Set(samples.flatMap(({ labels }) => labels[label] ?? [])),
    size: samples.length,
  }
}
