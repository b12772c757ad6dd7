// A file of pickles: one stream after the other, as torch's old format and many programs write them, with the arrays
// that joblib puts between their opcodes and the storages that torch puts behind them.
import { ArtifactError } from '../error.ts'
import type { Examination } from '../format.ts'
import { type Source, stretch } from '../source.ts'
import { Cursor } from './cursor.ts'
import { isFramework } from './frameworks.ts'
import { createJudge, type Observed } from './judge.ts'
import { Machine, type Observer } from './machine.ts'
import { isStandardLibrary } from './standard-library.ts'
import type { ArrayWrapper } from './states.ts'
import { Elements, kind } from './values.ts'

const maxStreams = 100_000

/**
 * Examines all streams from `offset`.
 *
 * @returns where they end, and what was seen
 * @throws ArtifactError where Python's unpickler gives up, after everything before has been judged
 */
export function examineStreams(
  examination: Examination,
  offset = 0,
): { readonly end: number; readonly seen: Observed } {
  const { source, budget } = examination
  const cursor = new Cursor(source, offset)
  const elements = new Elements(source.size - offset)
  const judge = createJudge(examination)
  let streams = 0
  judge.onArray = (wrapper) => passArray(wrapper)
  for (;;) {
    runOne()
    streams++
    const end = cursor.offset + (streams >= 5 ? storageBytes(judge.storages) : 0)
    if (streams >= 5 && judge.storages.size > 0 && end <= source.size) return { end, seen: judge }
    if (cursor.isAtEnd || !isPickleAt(source, cursor.offset)) return { end: cursor.offset, seen: judge }
    if (streams >= maxStreams) throw new ArtifactError('over_limit', `limit reached: more than ${maxStreams} pickles`)
  }

  function runOne(): void {
    const machine = new Machine(cursor, elements, judge, () => budget.checkTime())
    judge.machine = machine
    machine.run()
  }

  /** What joblib's NumpyArrayWrapper.read_array reads. */
  function passArray({ shape, dtype, isAligned }: ArrayWrapper): void {
    const outer = judge.machine
    outer?.leaveFrame()
    const size = itemSize(dtype)
    if (size === 'objects') {
      runOne()
      judge.machine = outer
      return
    }
    const count = shape?.reduce((product, length) => product * length, 1)
    if (size === undefined || count === undefined || !Number.isSafeInteger(count * size) || count < 0)
      throw new ArtifactError('unsupported', "an array of joblib's whose size cannot be told", cursor.offset)
    if (isAligned) {
      cursor.need(1)
      cursor.skip(1 + (cursor.window[cursor.at] ?? 0))
    }
    const { offset: from } = cursor
    cursor.skip(count * size)
    examination.opaque(from, count * size, 'an array')
  }
}

/** Bytes an element of a numpy dtype such as `<f8` takes; undefined when it cannot be told. */
function itemSize(dtype: string | undefined): number | 'objects' | undefined {
  const [, letter = '', digits = ''] = /^[<>|=]?([a-zA-Z?])(\d*)$/.exec(dtype ?? '') ?? []
  if (letter === '') return undefined
  if (letter === 'O') return 'objects'
  if (letter === 'U') return 4 * Number(digits)
  if (letter === '?') return 1
  if (digits !== '') return Number(digits)
  return letterSizes.get(letter)
}

/** Numpy's one-letter codes, as they are on 64-bit Linux. */
const letterSizes = new Map(
  Object.entries({
    b: 1,
    B: 1,
    h: 2,
    H: 2,
    i: 4,
    I: 4,
    l: 8,
    L: 8,
    q: 8,
    Q: 8,
    e: 2,
    f: 4,
    d: 8,
    g: 16,
    F: 8,
    D: 16,
    M: 8,
    m: 8,
  }),
)

/** torch's old format: for each storage its number of elements, then they. */
function storageBytes(storages: Observed['storages']): number {
  let total = 0
  for (const { type, elements } of storages.values()) total += 8 + elements * (storageSizes.get(type) ?? 1)
  return total
}

const storageSizes = new Map(
  Object.entries({
    FloatStorage: 4,
    DoubleStorage: 8,
    HalfStorage: 2,
    BFloat16Storage: 2,
    LongStorage: 8,
    IntStorage: 4,
    ShortStorage: 2,
    ComplexFloatStorage: 8,
    ComplexDoubleStorage: 16,
    QInt32Storage: 4,
  }),
)

/**
 * Whether the bytes at `offset` can be a pickle: protocol 2 and later say so; of the older ones a run on paper tells.
 * A pickle reaches its end, or has called or imported something before it breaks.
 */
export function isPickleAt(source: Source, offset: number): boolean {
  const [first, second = 9] = source.read(offset, 2)
  if (first === 0x80 && second <= 5) return true
  const { hasEnded, calls, known, opcodes } = runOnPaper(stretch(source, offset, source.size - offset))
  return calls > 0 || known > 0 || (hasEnded && opcodes > 1)
}

/** Stricter, for bytes that should be numbers: it imports what exists and calls it, which chance does not. */
export function isPickleThatCalls(source: Source): boolean {
  const { calls, known, hasEnded } = runOnPaper(source)
  return known > 0 && (calls > 0 || hasEnded)
}

/** Opcodes after which it is plain what the bytes are. */
const enough = 4_000_000
const paperWindow = 64 * 1024
const paperElements = 256

class Enough extends Error {}

/** Runs without judging, until it is plain what the bytes are. */
function runOnPaper(source: Source) {
  let known = 0
  let imports = 0
  let calls = 0
  const call = () => {
    if (imports > 0) calls++
    if (calls > 0 && known > 0) throw new Enough()
    return { kind: kind.result, value: 0 }
  }
  const onlyLooking: Observer = {
    imported(module) {
      if (isStandardLibrary(module) || isFramework(module)) known++
      return ++imports
    },
    importedComputed: () => ({ kind: kind.result, value: ++imports }),
    extension: () => ({ kind: kind.result, value: 0 }),
    called: call,
    built: (target) => target,
    filled: () => {},
    persistent() {
      // Python's own loader knows none; a zip file would read as one.
      throw new ArtifactError('malformed', 'a persistent id')
    },
    bytes: () => {},
    straddled: () => {},
    expanding: () => {},
  }
  const machine = new Machine(new Cursor(source, 0, paperWindow), new Elements(paperElements), onlyLooking, () => {
    if (machine.opcodes > enough) throw new Enough()
  })
  let hasEnded = true
  try {
    machine.run()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof Enough)) throw error
    hasEnded = error instanceof Enough
  }
  return { hasEnded, calls, known, opcodes: machine.opcodes }
}
