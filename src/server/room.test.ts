import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { limitOfOpenFiles, roomForConnections } from './room.ts'

const quiet = { warn() {} }
const unsaid = { maxConnections: undefined }

test('clients get half of the files that the gateway does not need itself, and 10,000 at most', () => {
  const limits = [undefined, 100, 1024, 20_000, 1_048_576]
  deepEqual(
    limits.map((limit) => roomForConnections(unsaid, limit, quiet)),
    [10_000, 8, 448, 9936, 10_000],
  )
})

test('more than there is room for is not promised, and the operator is told', () => {
  const told: string[] = []
  const world = { warn: (text: string) => told.push(text) }
  equal(roomForConnections({ maxConnections: 400 }, 1024, world), 400)
  deepEqual(told, [])
  equal(roomForConnections({ maxConnections: 5000 }, 1024, world), 448)
  match(told.join(), /^listen\.maxConnections is 5000, but this process may open only 1024 files: 448 /)
  equal(roomForConnections({ maxConnections: 50_000 }, undefined, world), 50_000)
})

test('the limit is the one that the shell says', { skip: process.platform === 'win32' && 'no such limit' }, () => {
  const shell = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  equal(`${limitOfOpenFiles() ?? 'unlimited'}`, shell)
})
