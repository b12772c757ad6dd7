// Where an issuer's keys come from, and how old they may be. Fetched keys are renewed while they are used; an unknown
// `kid` asks once, at a bounded rate, so that a rotation is noticed at once and an attacker's random ids are no flood;
// when the issuer cannot be reached its last keys serve on, up to a limit, and then nobody is let in.
import { type KeySet, readKeySet } from './key-set.ts'

export interface KeySource {
  /** The keys, at once when they are there; undefined when there are none, or none young enough. */
  keys(): KeySet | undefined | Promise<KeySet | undefined>
  /** Asks for keys that `keys` did not have; undefined when it was asked too recently. */
  renew(): Promise<KeySet | undefined> | undefined
  /** Renews what is due, or was never there. Never rejects. */
  keepFresh(): Promise<void>
  /** Of keys that are fetched, when that was last done, ms since the epoch; undefined when never. */
  readonly fetchedAt?: number | undefined
}

export interface FetchedKeysOptions {
  readonly issuer: string
  /** The text of the JWK Set, bounded in size and time. May reject; the message is shown to the operator. */
  readonly fetch: () => Promise<string>
  /** ms since the epoch. */
  readonly now: () => number
  /** ms, of a clock that nobody sets. */
  readonly monotonic: () => number
  /** For the operator. */
  readonly warn: (text: string) => void
  /** Age in ms at which keys are renewed in the background. */
  readonly refreshMs: number
  /** ms between two fetches because of unknown keys. */
  readonly cooldownMs: number
  /** Age in ms up to which keys are used. */
  readonly maxStaleMs: number
}

/** After a fetch that failed. */
const retryMs = 5_000

/** The keys of a document that has been found right before; one that is not lets nobody in. */
export function documentKeys(text: string): KeySource {
  let set: KeySet | undefined
  const reading = readKeySet(text).then(
    (read) => {
      set = read
      return read
    },
    () => undefined,
  )
  return { keys: () => set ?? reading, renew: () => undefined, keepFresh: async () => {} }
}

interface Moment {
  readonly wall: number
  readonly tick: number
}

const never: Moment = { wall: Number.NEGATIVE_INFINITY, tick: Number.NEGATIVE_INFINITY }

/** The keys of a JWK Set that is fetched. */
export function fetchedKeys(options: FetchedKeysOptions): KeySource {
  const { issuer, now, monotonic, warn, refreshMs, cooldownMs, maxStaleMs } = options
  let set: KeySet | undefined
  let fetched = never
  let tried = never
  let asked = never
  let running: Promise<void> | undefined
  /** What the operator was told last, so that each state is told once. */
  let told = ''

  function moment(): Moment {
    return { wall: now(), tick: monotonic() }
  }

  /** By the clock that says more: one may have been set back, and the other stands still while a machine sleeps. */
  function msSince({ wall, tick }: Moment): number {
    return Math.max(now() - wall, monotonic() - tick)
  }

  function usable(): KeySet | undefined {
    return msSince(fetched) <= maxStaleMs ? set : undefined
  }

  function fetchOnce(): Promise<void> {
    running ??= load().finally(() => {
      running = undefined
    })
    return running
  }

  async function load(): Promise<void> {
    tried = moment()
    try {
      set = await readKeySet(await options.fetch())
      fetched = moment()
      tell(complaintsOf(issuer, set))
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown error'
      const until = new Date(fetched.wall + maxStaleMs)
      const effect =
        usable() === undefined
          ? 'its tokens are refused until they can be'
          : `its tokens are checked with the keys it had, until ${until.toISOString()}`
      tell(`the keys of the issuer ${issuer} cannot be fetched, so ${effect}: ${reason}`)
    }
  }

  function tell(text: string): void {
    if (text !== told && text !== '') warn(text)
    told = text
  }

  const isDue = () => msSince(fetched) >= refreshMs && msSince(tried) >= retryMs

  return {
    keys() {
      const due = isDue()
      const known = usable()
      const renewed = due || (known === undefined && running !== undefined) ? fetchOnce() : undefined
      return known ?? renewed?.then(usable)
    },
    renew() {
      if (running === undefined) {
        if (msSince(asked) < cooldownMs) return undefined
        asked = moment()
      }
      return fetchOnce().then(usable)
    },
    async keepFresh() {
      if (isDue()) await fetchOnce()
    },
    get fetchedAt() {
      return Number.isFinite(fetched.wall) ? fetched.wall : undefined
    },
  }
}

function complaintsOf(issuer: string, { keys, ignored }: KeySet): string {
  if (keys.length === 0)
    return `the issuer ${issuer} publishes no key that tokens can be checked with${ignored.map((line) => `; ${line}`).join('')}`
  return ''
}
