// Every kept input, and a bounded number of new ones for each target: the same each time in continuous integration,
// others everywhere else. `npm run fuzz` looks for longer.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fuzz } from './engine/fuzz.ts'
import { Random } from './engine/random.ts'
import { readSeeds } from './engine/seeds.ts'
import { closeReaders } from './targets/json.ts'
import { targets } from './targets.ts'

const seed = Number(process.env.HOLDFAST_TEST_SEED ?? (process.env.CI === undefined ? Date.now() % 2 ** 32 : 20261120))
const executions = 150

after(closeReaders)

for (const target of targets)
  test(`no input breaks a law of ${target.name}: those kept, and ${executions} more`, async () => {
    const seeds = readSeeds(join(import.meta.dirname, 'seeds', target.name))
    const isOver = (count: number) => count >= seeds.length + executions
    const { failure } = await fuzz(target, { seeds, random: new Random(seed), isOver })
    assert.equal(failure, undefined, `${failure?.message}\n${JSON.stringify(asText(failure?.input))}\nseed ${seed}`)
  })

/** Bytes, one character each. */
function asText(input: Uint8Array | undefined): string {
  return Buffer.from(input ?? []).toString('latin1')
}
