// What an address may send that is refused before it is known who asks: so many failures a minute, and of those so many
// log entries. A flood can then neither try keys without end nor fill the log; what has no entry of its own is counted.
import { emissionInterval, gcra } from '../gcra.ts'
import { networkOf } from './address.ts'
import type { AddressSettings } from './schema.ts'

export type AddressDecision = { readonly allowed: true } | { readonly allowed: false; readonly retryAfterMs: number }

/** Refusals without an entry of their own. Plain data. */
export interface Unrecorded {
  /** Whose they were; undefined for the sum of many. */
  readonly network: string | undefined
  readonly count: number
  /** How many of each code. */
  readonly codes: Readonly<Record<string, number>>
  /** ms since the epoch, of the first. */
  readonly since: number
}

export interface AddressGuard {
  /** May this address ask? */
  check(address: string): AddressDecision | Promise<AddressDecision>
  /** Counts a request that was refused before anybody was identified. @returns whether to give it a log entry of its own */
  failed(address: string, code: string): boolean | Promise<boolean>
  /** What had no entry of its own since the last time: at most one for each network, and few. */
  drain(): readonly Unrecorded[] | Promise<readonly Unrecorded[]>
}

export interface AddressTable extends AddressGuard {
  check(address: string): AddressDecision
  failed(address: string, code: string): boolean
  drain(): readonly Unrecorded[]
}

interface Network {
  /** Of the bucket of failures; see gcra.ts. */
  state: number
  minute: number
  recorded: number
}

interface Count {
  count: number
  readonly codes: Map<string, number>
  readonly since: number
}

/**
 * @param current              what the settings are now: they may change
 * @param options.now          ms since the epoch
 * @param options.maxNetworks  remembered at once; beyond it the one that is known longest is forgotten, since a newcomer
 *                             must not suffer for a flood from everywhere
 */
export function createAddressGuard(
  current: () => Pick<AddressSettings, 'failures' | 'records' | 'recordsInTotal'>,
  { now, maxNetworks = 65_536 }: { readonly now: () => number; readonly maxNetworks?: number },
): AddressTable {
  const networks = new Map<string, Network>()
  const total = { minute: 0, recorded: 0 }
  let unrecorded = new Map<string, Count>()

  function networkAt(name: string): Network {
    const known = networks.get(name)
    if (known !== undefined) return known
    const [oldest] = networks.keys()
    if (networks.size >= maxNetworks && oldest !== undefined) networks.delete(oldest)
    const network = { state: 0, minute: 0, recorded: 0 }
    networks.set(name, network)
    return network
  }

  function charge({ state }: Network, at: number) {
    const { failures } = current()
    return gcra(state, at, emissionInterval(failures, minuteMs), failures, 1)
  }

  function mayRecord(network: Network, minute: number): boolean {
    const { records, recordsInTotal } = current()
    for (const each of [network, total]) {
      if (each.minute === minute) continue
      each.minute = minute
      each.recorded = 0
    }
    if (network.recorded >= records || total.recorded >= recordsInTotal) return false
    network.recorded++
    total.recorded++
    return true
  }

  function note(name: string, code: string, at: number): void {
    const place = unrecorded.has(name) || unrecorded.size < maxSummaries ? name : everybodyElse
    let entry = unrecorded.get(place)
    if (entry === undefined) {
      entry = { count: 0, codes: new Map(), since: at }
      unrecorded.set(place, entry)
    }
    entry.count++
    entry.codes.set(code, (entry.codes.get(code) ?? 0) + 1)
  }

  return {
    check(address) {
      const known = networks.get(networkOf(address))
      if (known === undefined) return allowed
      const at = now()
      // A clock that was set back would hold a network for as long.
      if (known.state > at + minuteMs) known.state = at + minuteMs
      const result = charge(known, at)
      return result.allowed ? allowed : { allowed: false, retryAfterMs: result.retryAfterMs }
    },
    failed(address, code) {
      const at = now()
      const name = networkOf(address)
      const network = networkAt(name)
      network.state = charge(network, at).state
      const isRecorded = mayRecord(network, Math.floor(at / minuteMs))
      if (!isRecorded) note(name, code, at)
      return isRecorded
    },
    drain() {
      const drained = Array.from(unrecorded, ([name, { count, codes, since }]) => ({
        network: name === everybodyElse ? undefined : name,
        count,
        codes: Object.fromEntries(codes),
        since,
      }))
      unrecorded = new Map()
      return drained
    },
  }
}

const minuteMs = 60_000
const allowed: AddressDecision = { allowed: true }
/** Networks with a count of their own at each `drain`; the others share one. */
const maxSummaries = 100
const everybodyElse = '*'
