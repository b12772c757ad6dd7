// A disk of its own for a test, small enough to be filled: a tmpfs, which only root may mount.
import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  /** Its folder. */
  readonly path: string
  /** Takes all room that is left. */
  fill(): void
  /** Gives it back. */
  free(): void
}

/** Why there can be no small disk here; false when there can. */
export function smallDiskMissing(): string | false {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  return !isRoot && 'NOT TESTED: only root on Linux can mount a small disk (tmpfs); run the tests as root'
}

/** Unmounted when the test is over, whatever still uses it. */
export function smallDisk(test: { after(cleanUp: () => void): void }, mebibytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'holdfast-test', path])
  test.after(() => {
    execFileSync('umount', ['--lazy', path])
    rmdirSync(path)
  })
  const ballast = join(path, 'ballast')
  return {
    path,
    fill() {
      const file = openSync(ballast, 'w')
      try {
        for (const size of [1 << 20, 1 << 12]) writeUntilFull(file, Buffer.alloc(size, 1))
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(ballast, { force: true }),
  }
}

function writeUntilFull(file: number, bytes: Uint8Array): void {
  try {
    for (;;) {
      writeSync(file, bytes)
      fsyncSync(file)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
