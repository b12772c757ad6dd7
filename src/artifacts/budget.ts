// How much an examination may cost. Every bound is explicit; one that is reached ends what it bounds with
// `over_limit`, and the verdict is then inconclusive, never clean.
import { ArtifactError } from './error.ts'

export interface ScanLimits {
  /** Bytes taken out of compression or encoding, over the whole file. */
  readonly unpackedBytes: number
  /** Bytes of one member that has to be unpacked into memory. */
  readonly memberBytes: number
  /** Unpacked size over packed size, from 64 MiB unpacked. */
  readonly ratio: number
  /** Members and entries over the whole file. */
  readonly entries: number
  /** Containers within containers. */
  readonly depth: number
  /** Findings kept; more are counted, not kept. */
  readonly findings: number
  /** Time of the whole file, ms. */
  readonly timeMs: number
}

export const defaultLimits: ScanLimits = {
  unpackedBytes: 16 * 1024 ** 3,
  memberBytes: 512 * 1024 ** 2,
  ratio: 100,
  entries: 100_000,
  depth: 8,
  findings: 1000,
  timeMs: 300_000,
}

export interface Budget {
  readonly limits: ScanLimits
  /** @throws ArtifactError `over_limit` when this is one too many */
  spendEntry(): void
  /**
   * To be asked before anything is unpacked, and again when it turns out to be more.
   *
   * @param packed    bytes it took in its container
   * @param unpacked  bytes it will take
   * @throws ArtifactError `over_limit`
   */
  spendUnpacked(packed: number, unpacked: number): void
  /** To be called now and then by everything that loops over the content. @throws ArtifactError `over_limit` */
  checkTime(): void
}

/** @param now  ms, monotonic */
export function createBudget(limits: ScanLimits, now: () => number): Budget {
  const deadline = now() + limits.timeMs
  let entries = 0
  let unpackedBytes = 0
  return {
    limits,
    spendEntry() {
      if (++entries > limits.entries) throw overLimit(`more than ${limits.entries} members`)
    },
    spendUnpacked(packed, unpacked) {
      unpackedBytes += unpacked
      if (unpacked > limits.memberBytes) throw overLimit(`a member of more than ${limits.memberBytes} bytes`)
      if (unpackedBytes > limits.unpackedBytes) throw overLimit(`more than ${limits.unpackedBytes} bytes when unpacked`)
      if (unpacked > ratioFrom && unpacked > packed * limits.ratio)
        throw overLimit(`a member that unpacks to more than ${limits.ratio} times its size`)
    },
    checkTime() {
      if (now() > deadline) throw overLimit(`more than ${limits.timeMs} ms`)
    },
  }
}

const ratioFrom = 64 * 1024 ** 2

function overLimit(what: string): ArtifactError {
  return new ArtifactError('over_limit', `limit reached: ${what}`)
}
