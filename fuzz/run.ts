// npm run fuzz [-- TARGET…] [--seconds N] [--seed N] [--corpus DIR] [--keep]: looks for inputs that break a law.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { writeSeed } from './engine/seeds.ts'
import { targets } from './targets.ts'
import { type Message, readCurrent, type Task } from './worker.ts'

const seedsFolder = join(import.meta.dirname, 'seeds')
/** An input that takes longer is taken for one that never ends. */
const patienceMs = 30_000
/** A worker needs 200 MB; an input that makes it need four times as much is a bug. */
const maxHeapMb = 800

const help = `Usage: npm run fuzz -- [TARGET…] [--seconds N] [--seed N] [--corpus DIR] [--keep]

Feeds hostile inputs to the parsers and rewriters, and checks laws that must always hold: no crash, no text
that nobody inspected, the same bytes where nothing changed. Without TARGET, all of them, one after the other.

  --seconds N    how long for each target (30)
  --seed N       repeats a run (without it, each run is another one)
  --corpus DIR   begins with the inputs in DIR/TARGET, and keeps there what is new
  --keep         puts the smallest inputs that show everything in place of the seeds in fuzz/seeds/TARGET

An input that breaks a law is made smaller and written to fuzz/seeds/TARGET/bug-….seed: from then on the tests
try it. Exit code 1 when there was one.

Targets: ${targets.map(({ name }) => name).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    corpus: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name))
const numbers = [Number(values.seconds), Number(values.seed)]
if (values.help) console.log(help)
else if (unknown.length > 0 || numbers.some((number) => !Number.isInteger(number) || number < 0)) {
  console.error(`fuzz: no target ${unknown.join(', ')}, or an option that is no number; see npm run fuzz -- --help`)
  process.exitCode = 2
} else {
  const names = positionals.length > 0 ? positionals : targets.map(({ name }) => name)
  for (const name of names) if (!(await fuzzInWorker(name))) process.exitCode = 1
}

/** In a thread of its own, so that an input that never ends, or fills the memory, can be told. */
function fuzzInWorker(name: string): Promise<boolean> {
  const { seconds, seed, corpus, keep } = values
  const current = new SharedArrayBuffer(1 << 20)
  const task: Task = { name, seconds: Number(seconds), seed: Number(seed), corpus, keep, seedsFolder, current }
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  })
  return new Promise((resolve) => {
    const failed = (input: Uint8Array, why: string) => {
      const path = writeSeed(join(seedsFolder, name), input, 'bug-')
      console.error(`${name}: ${why}\n  input: ${path}\n  again: npm run fuzz -- ${name} --seed ${seed}`)
      clearInterval(watch)
      worker.terminate().then(() => resolve(false))
    }
    let last = -1
    let since = performance.now()
    const watch = setInterval(() => {
      const { count, input } = readCurrent(current)
      if (count !== last) since = performance.now()
      else if (performance.now() - since > patienceMs) failed(input, `no end within ${patienceMs} ms`)
      last = count
    }, 1000)
    worker.on('message', (message: Message) => {
      if (message.failure) return failed(message.failure.input, message.failure.why)
      console.log(`${name}: ${message.summary}`)
      clearInterval(watch)
      resolve(true)
    })
    worker.on('error', (error) => failed(readCurrent(current).input, String(error)))
  })
}
