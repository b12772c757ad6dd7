// The machine against CPython's own unpickler: random pickles, some damaged, run in a Python whose imports and calls
// are recorded and do nothing. What Python does, the machine must have seen, in the same order.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { testRandom } from '../../../test/support/random.ts'
import { ArtifactError } from '../error.ts'
import { bytesSource } from '../source.ts'
import { Cursor } from './cursor.ts'
import { Machine, type Observer } from './machine.ts'
import { randomPickle } from './random-pickles.ts'
import { Elements, kind } from './values.ts'

const count = 6000
const python = spawnSync('python3', ['--version']).status === 0

test('the machine sees every import, call and change that CPython makes, in the same order', {
  skip: python ? false : 'NOT TESTED: python3 is not installed',
}, (t) => {
  const random = testRandom(t)
  const pickles = Array.from({ length: count }, () => randomPickle(random))
  const outcomes = runInPython(pickles)
  let whole = 0
  for (const [index, pickle] of pickles.entries()) {
    const theirs = outcomes[index]
    const ours = runHere(pickle)
    // Here CPython reads on in another place; which one depends on its version. That is a finding of its own.
    if (ours.isStraddled) continue
    const told = `${pickle.toString('base64')} (${theirs?.error ?? 'no error'}; ours: ${ours.error ?? 'no error'})`
    assert.ok(theirs !== undefined)
    assert.deepEqual(ours.events.slice(0, theirs.events.length), theirs.events, told)
    if (theirs.error !== null) continue
    whole++
    assert.equal(ours.error, undefined, told)
    assert.equal(ours.end, theirs.end, told)
    assert.deepEqual(ours.events, theirs.events, told)
  }
  t.diagnostic(`${whole} of ${count} pickles are loaded by CPython to their end`)
  assert.ok(whole > count / 10)
})

interface Outcome {
  readonly events: readonly string[]
  readonly error: string | null
  readonly end: number
}

/** Everything that is imported is a class that records its calls; its objects record what is done to them. */
const recorder = `
import base64, io, json, pickle, resource, sys
# A memo index of some billions makes CPython ask for as much memory.
resource.setrlimit(resource.RLIMIT_AS, (2 ** 29, 2 ** 29))
class Meta(type):
    def __call__(cls, *args, **kw):
        note('call', cls.path)
        return Fake.__new__(Fake)
class Fake(metaclass=Meta):
    path = '?'
    def __new__(cls, *args, **kw):
        if cls is not Fake: note('call', cls.path)
        return object.__new__(Fake)
    def __call__(self, *args, **kw):
        note('call', '*')
        return Fake.__new__(Fake)
    def __setstate__(*args): note('build', '')
    def extend(*args): note('fill', '')
    def append(*args): note('fill', '')
    def add(*args): note('fill', '')
    def __setitem__(*args): note('fill', '')
class Recorder(pickle.Unpickler):
    def find_class(self, module, name):
        note('import', module + '|' + name)
        return Meta('X', (Fake,), {'path': module + '|' + name})
    def persistent_load(self, pid):
        note('persistent', '')
        return Fake.__new__(Fake)
def note(what, path):
    entry = what + ' ' + path
    # One call of each item, or one of all: the same to whoever reads.
    if what == 'fill' and events and events[-1] == entry and filling[0] == len(events): return
    events.append(entry)
    filling[0] = len(events) if what == 'fill' else -1
for line in sys.stdin:
    events, filling, error = [], [-1], None
    data = base64.b64decode(line)
    file = io.BytesIO(data)
    try: Recorder(file).load()
    except BaseException as e: error = type(e).__name__ + ': ' + str(e)
    print(json.dumps({'events': events, 'error': error, 'end': file.tell()}))
`

function runInPython(pickles: readonly Buffer[]): Outcome[] {
  const input = pickles.map((pickle) => pickle.toString('base64')).join('\n')
  const { stdout, stderr, status } = spawnSync('python3', ['-I', '-c', recorder], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  })
  assert.equal(status, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function runHere(pickle: Buffer) {
  const events: string[] = []
  const names: string[] = []
  let filling = -1
  let isStraddled = false
  const note = (what: string, path: string) => {
    const entry = `${what} ${path}`
    if (what === 'fill' && events.at(-1) === entry && filling === events.length) return
    events.push(entry)
    filling = what === 'fill' ? events.length : -1
  }
  const object = { kind: kind.instance, value: 0 }
  const observer: Observer = {
    imported(module, name) {
      note('import', `${module}|${name}`)
      return names.push(`${module}|${name}`) - 1
    },
    importedComputed: () => object,
    extension: () => object,
    called(callee) {
      if (callee.kind === kind.global) note('call', names[callee.value] ?? '?')
      else if (callee.kind > kind.global) note('call', '*')
      return object
    },
    built(target) {
      if (target.kind >= kind.global) note('build', '')
      return target
    },
    filled(target) {
      if (target.kind >= kind.global) note('fill', '')
    },
    persistent() {
      note('persistent', '')
      return object
    },
    bytes() {},
    straddled() {
      isStraddled = true
    },
    expanding() {},
  }
  const machine = new Machine(new Cursor(bytesSource(pickle), 0, 64), new Elements(pickle.length), observer, () => {})
  try {
    machine.run()
    return { events, error: undefined, end: machine.cursor.offset, isStraddled }
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    return { events, error: error.message, end: machine.cursor.offset, isStraddled }
  }
}
