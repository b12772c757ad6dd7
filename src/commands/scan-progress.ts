// How far a scan is, on one line of a terminal that is written over and over.
import type { ScannedFile } from '#artifacts'

const everyMs = 200

export interface Progress {
  /** More is known to be coming. */
  expect(files: number, bytes: number): void
  done(file: ScannedFile): void
  /** Takes the line away. */
  end(): void
}

/** @param now  ms */
export function showProgress(write: (text: string) => void, now: () => number): Progress {
  const began = now()
  let shownAt = Number.NEGATIVE_INFINITY
  let expected = { files: 0, bytes: 0 }
  let read = { files: 0, bytes: 0 }
  let isShown = false

  return {
    expect(files, bytes) {
      expected = { files: expected.files + files, bytes: expected.bytes + bytes }
    },
    done({ size }) {
      read = { files: read.files + 1, bytes: read.bytes + (size ?? 0) }
      if (now() - shownAt < everyMs) return
      shownAt = now()
      isShown = true
      write(`\r\u001b[K${line()}`)
    },
    end() {
      if (isShown) write('\r\u001b[K')
    },
  }

  function line(): string {
    const seconds = Math.max(0.001, (now() - began) / 1000)
    const rate = read.bytes / seconds
    const left = rate > 0 ? Math.ceil(Math.max(0, expected.bytes - read.bytes) / rate) : undefined
    const parts = [
      `${read.files} of ${expected.files} files`,
      `${megabytes(read.bytes)} of ${megabytes(expected.bytes)} MB`,
      `${megabytes(rate)} MB/s`,
      ...(left === undefined ? [] : [`${duration(left)} left`]),
    ]
    return parts.join(', ')
  }
}

function megabytes(bytes: number): string {
  const amount = bytes / 1e6
  return amount.toFixed(amount < 10 ? 1 : 0)
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
