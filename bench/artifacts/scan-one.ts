// Examines the files that are named, in this process, and prints what it took as JSON.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { defaultLimits } from '../../src/artifacts/budget.ts'
import { formats } from '../../src/artifacts/formats.ts'
import { scan } from '../../src/artifacts/scan.ts'
import type { Source } from '../../src/artifacts/source.ts'

const before = process.cpuUsage()
const started = performance.now()
const verdicts: Record<string, number> = {}
for (const path of process.argv.slice(2)) {
  const file = openSync(path, 'r')
  const { verdict } = scan({
    source: fileSource(file),
    path,
    formats,
    limits: defaultLimits,
    options: { allowed: new Set() },
    now: () => performance.now(),
  })
  closeSync(file)
  verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
}
const { user, system } = process.cpuUsage(before)
console.log(
  JSON.stringify({
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - started,
    rssBytes: process.resourceUsage().maxRSS * 1024,
    verdicts,
  }),
)

function fileSource(file: number): Source {
  const { size } = fstatSync(file)
  return {
    size,
    read(offset, length) {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)))
      const count = readSync(file, bytes, 0, bytes.length, offset)
      return bytes.subarray(0, count)
    },
  }
}
