// Fuzzes one target in a thread of its own, for run.ts.
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './engine/coverage.ts'
import { distil } from './engine/distil.ts'
import { examine, Failure } from './engine/examine.ts'
import { fuzz } from './engine/fuzz.ts'
import { minimise } from './engine/minimise.ts'
import { Random } from './engine/random.ts'
import { readSeeds, replaceSeeds, writeSeed } from './engine/seeds.ts'
import type { Target } from './engine/target.ts'
import { closeReaders } from './targets/json.ts'
import { targets } from './targets.ts'

export interface Task {
  readonly name: string
  readonly seconds: number
  readonly seed: number
  readonly corpus: string | undefined
  readonly keep: boolean
  readonly seedsFolder: string
  /** Where the worker says which input it runs: their count, the length, the bytes. */
  readonly current: SharedArrayBuffer
}

export interface Message {
  readonly summary: string
  readonly failure?: { readonly input: Uint8Array; readonly why: string }
}

const headerBytes = 8

export function readCurrent(current: SharedArrayBuffer): { count: number; input: Uint8Array } {
  const [count = 0, length = 0] = new Uint32Array(current, 0, 2)
  return { count, input: Buffer.from(new Uint8Array(current, headerBytes, length)) }
}

function announcer(current: SharedArrayBuffer): (input: Uint8Array) => void {
  const header = new Uint32Array(current, 0, 2)
  const bytes = new Uint8Array(current, headerBytes)
  return (input) => {
    const shown = input.subarray(0, bytes.length)
    bytes.set(shown)
    header[1] = shown.length
    header[0] = (header[0] ?? 0) + 1
  }
}

async function work(task: Task, target: Target): Promise<Message> {
  const began = announcer(task.current)
  const kept = join(task.seedsFolder, target.name)
  const corpus = task.corpus === undefined ? undefined : join(task.corpus, target.name)
  const coverage = new Coverage((url) => url.includes('/src/') && !url.includes('node_modules'))
  const end = performance.now() + task.seconds * 1000
  const seeds = [...readSeeds(kept), ...(corpus === undefined ? [] : readSeeds(corpus))]
  const random = new Random(task.seed)
  const report = await fuzz(target, { seeds, random, coverage, began, isOver: () => performance.now() >= end })
  const { blocks } = coverage
  coverage.close()
  if (corpus !== undefined) for (const input of report.corpus) writeSeed(corpus, input)
  const summary = `${report.executions} executions, ${report.features} features, ${blocks} blocks, ${report.corpus.length} inputs`
  const { failure } = report
  if (failure !== undefined) return { summary, failure: await smallest(target, failure, began) }
  if (task.keep) replaceSeeds(kept, await distil(target, report.corpus, began))
  return { summary }
}

async function smallest(target: Target, failure: Failure, began: (input: Uint8Array) => void) {
  let last = failure
  const input = await minimise(
    failure.input,
    async (candidate) => {
      began(candidate)
      try {
        await examine(target, candidate)
        return false
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== failure.kind) return false
        last = error
        return true
      }
    },
    5000,
  )
  return { input, why: last.message }
}

if (parentPort !== null) {
  const task: Task = workerData
  const target = targets.find(({ name }) => name === task.name)
  if (target === undefined) throw new Error(`no target ${task.name}`)
  parentPort.postMessage(await work(task, target))
  closeReaders()
}
