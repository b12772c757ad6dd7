// What is read back from a log's folder, where anybody may have written since: bundles, journals, checkpoints, keys.
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { LogError, parseVerifierKeys } from '#audit'
import { journalTail, readRecords } from '../../src/audit/journal.ts'
import { parseEvent } from '../../src/audit/read.ts'
import { parseCheckpointNote } from '../../src/audit/tlog/checkpoint.ts'
import { decodeBundle, decodeTile, encodeBundle } from '../../src/audit/tlog/tiles.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'

interface Observed {
  readonly bundle: readonly Uint8Array[] | LogError
  readonly journal: { readonly records: number; readonly entries: number }
  readonly notes: readonly (string | LogError)[]
}

const files = target<Observed>({
  name: 'log-files',
  generate: (random) => random.pick([bundle, journal, note])(random),
  mutate: (input, random, other) => mutateWith(byteMutators, input, random, other),
  run(input) {
    const text = Buffer.from(input).toString()
    parseEvent(input)
    decodeTile(input)
    return {
      bundle: attempt(() => decodeBundle(input)),
      journal: { records: readRecords(input).length, entries: journalTail([input, input], 0).entries.length },
      notes: [
        attempt(() => String(parseCheckpointNote(text).size)),
        attempt(() => String(parseVerifierKeys(text).length)),
      ],
    }
  },
  check(input, { bundle: entries, notes: [size] }) {
    if (!(entries instanceof LogError)) assert.deepEqual(Buffer.from(encodeBundle(entries)), Buffer.from(input))
    if (typeof size === 'string') assert.ok(Number.isSafeInteger(Number(size)))
  },
  features: ({ bundle: entries, journal: tail, notes }) => [
    entries instanceof LogError ? entries.code : `${Math.min(entries.length, 4)} entries`,
    `${Math.min(tail.records, 4)} records, ${Math.min(tail.entries, 4)}`,
    ...notes.map((read) => (read instanceof LogError ? read.message.replace(/[^a-z ]/gi, '').slice(0, 12) : 'read')),
  ],
})

function attempt<T>(read: () => T): T | LogError {
  try {
    return read()
  } catch (error) {
    if (error instanceof LogError) return error
    throw error
  }
}

const event = Buffer.from('{"class_uid":6003,"time":1,"metadata":{"uid":"x"}}')

function bundle(random: Random): Uint8Array {
  return Buffer.from(encodeBundle(Array.from({ length: random.small(5) }, () => event)))
}

/** Records as journal.ts describes them. */
function journal(random: Random): Uint8Array {
  return Buffer.concat(
    Array.from({ length: 1 + random.small(4) }, (_, index) => {
      const record = Buffer.alloc(32 + event.length)
      record.writeUInt32BE(0xf548464a, 0)
      record.writeUInt32BE(event.length, 8)
      record.writeUInt32BE(1 + random.small(2), 12)
      record.writeBigUInt64BE(BigInt(random.chance(0.8) ? index : random.below(9)), 16)
      record.writeBigUInt64BE(BigInt(random.small(4)), 24)
      record.set(event, 32)
      record.writeUInt32BE(crc32(record.subarray(8)), 4)
      return record
    }),
  )
}

function note(random: Random): Uint8Array {
  const root = Buffer.alloc(32, random.below(256)).toString('base64')
  const signature = Buffer.alloc(68, 1).toString('base64')
  return Buffer.from(
    random.chance(0.7)
      ? `log.example\n${random.below(1000)}\n${root}\n\n\u2014 log.example ${signature}\n`
      : `# keys\nlog.example+01020304+${Buffer.alloc(33, 1).toString('base64')}\n`,
  )
}

export const audit: readonly Target[] = [files]
