// A file of pickles: one stream after the other, as torch's old format and many programs write them, with the arrays
// that joblib puts between their opcodes and the storages that torch puts behind them.
import { ArtifactError } from '../error.ts'
import type { Examination } from '../format.ts'
import { Cursor } from './cursor.ts'
import { createJudge, type Observed } from './judge.ts'
import { Machine } from './machine.ts'
import { isPickleAt } from './paper-run.ts'
import type { ArrayWrapper } from './states.ts'
import { Elements } from './values.ts'

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
