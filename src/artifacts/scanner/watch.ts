// What is new or changed in a folder, time and again. It looks instead of being told: what a system tells of network
// folders and of many files at once has gaps.
import type { Target } from './scan-files.ts'

export interface WatchOptions {
  /** The files of the folder as they are now. */
  look(): Promise<readonly Target[]>
  /** Resolves when it is time to look again; rejects when the watch is over. */
  wait(): Promise<void>
}

/**
 * Files that are new or have changed and then stayed as they are from one look to the next, so that what is still being
 * copied is not taken for what it will be. The first look gives all.
 */
export async function* changedFiles({ look, wait }: WatchOptions): AsyncGenerator<readonly Target[], never> {
  let before = await look()
  const given = new Map(before.map((target) => [target.path, stampOf(target)]))
  yield before
  for (;;) {
    await wait()
    const now = await look()
    const settled = new Map(before.map((target) => [target.path, stampOf(target)]))
    const changed = now.filter((target) => {
      const stamp = stampOf(target)
      return given.get(target.path) !== stamp && settled.get(target.path) === stamp
    })
    for (const target of changed) given.set(target.path, stampOf(target))
    // What has gone and comes back is new.
    const present = new Set(now.map(({ path }) => path))
    for (const path of given.keys()) if (!present.has(path)) given.delete(path)
    before = now
    if (changed.length > 0) yield changed
  }
}

function stampOf(target: Target): string {
  return 'refused' in target ? target.refused : (target.stamp ?? '')
}
