// A circuit breaker for one upstream (M. Nygard, "Release It!"): closed while calls go well; open when they fail, so
// that nobody waits for a server that is down; half-open when one call at a time may find out whether it is back.

export interface CircuitSettings {
  /** Failures in a row that open it, >= 1. */
  readonly failures: number
  /** Share of the calls of a window, above which it opens; from `minCalls` calls on. */
  readonly failureRate: number
  readonly minCalls: number
  /** ms. */
  readonly window: number
  /** ms until it is tried again the first time; doubled each time that the trial fails, up to `maxOpenFor`. */
  readonly openFor: number
  readonly maxOpenFor: number
}

export type CircuitState = 'closed' | 'open' | 'half_open'

/**
 * How a call ended, for the circuit. `down`: there was no connection, which no request can be blamed for. `failed`: the
 * upstream had the request and broke. `unknown`: it says nothing, such as a client that hung up.
 */
export type CallResult = 'ok' | 'down' | 'failed' | 'unknown'

/** Leave to make one call. */
export interface Passage {
  /** The upstream has begun an answer that is none of its own failures. */
  answered(): void
  /** The call is over. Further calls do nothing. */
  leave(result: CallResult): void
}

export interface CircuitChange {
  readonly state: CircuitState
  /** For the log: what was seen. */
  readonly reason: string
}

export interface Circuit {
  readonly state: CircuitState
  /** ms until an open circuit may be tried; 0 when it is not open. */
  readonly waitMs: number
  /** Failures in a row, and calls and failures of the window. */
  readonly counts: { readonly inARow: number; readonly calls: number; readonly failures: number }
  /** Whether `enter` would let a call pass. */
  readonly isPassable: boolean
  /** @param caller whose request it is. @returns undefined while the circuit is open, or its trial has just begun */
  enter(caller: string): Passage | undefined
  /** What a look from outside has shown: it may open the circuit, or let it be tried at once, but never close it. */
  observed(isUp: boolean): void
}

export interface CircuitWorld {
  /** ms, monotonic. */
  readonly monotonic: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly onChange: (change: CircuitChange) => void
}

/**
 * Failures that only one caller meets, while others are served, do not open the circuit: requests can be made that
 * break a model server, and who sends them must not be able to shut out everybody else.
 */
export function createCircuit(settings: CircuitSettings, { monotonic, random, onChange }: CircuitWorld): Circuit {
  let state: CircuitState = 'closed'
  /** Calls of an earlier one say nothing about this one. */
  let generation = 0
  let openUntil = 0
  let openings = 0
  let hasTrial = false
  let triedAt = 0
  let inARow = 0
  let failersInARow: Callers = nobody
  let earlier = emptyTally(0)
  let current = emptyTally(0)

  function change(next: CircuitState, reason: string): void {
    state = next
    generation++
    hasTrial = false
    onChange({ state: next, reason })
  }

  function open(reason: string): void {
    const ms = Math.min(settings.openFor * 2 ** Math.min(openings, 30), settings.maxOpenFor)
    openings++
    // Spread, so that several gateways do not all try at the same moment.
    openUntil = monotonic() + ms * (1 - spread * random())
    change('open', reason)
  }

  function close(): void {
    openings = 0
    inARow = 0
    failersInARow = nobody
    earlier = emptyTally(0)
    current = emptyTally(monotonic())
    change('closed', 'a call was answered')
  }

  /** Counts in halves of the window, so that what is old goes. */
  function turnTallies(): void {
    const half = settings.window / 2
    const age = monotonic() - current.since
    if (age < half) return
    earlier = age < settings.window ? current : emptyTally(0)
    current = emptyTally(monotonic())
  }

  function count(caller: Callers, result: 'ok' | 'down' | 'failed'): void {
    turnTallies()
    current.calls++
    current.users = together(current.users, caller)
    if (result === 'ok') {
      inARow = 0
      failersInARow = nobody
      return
    }
    const blamed = result === 'down' ? several : caller
    current.failures++
    current.failers = together(current.failers, blamed)
    inARow++
    failersInARow = together(failersInARow, blamed)
    judge()
  }

  function judge(): void {
    const calls = earlier.calls + current.calls
    const failures = earlier.failures + current.failures
    const users = together(earlier.users, current.users)
    const isOnesOwn = (failers: Callers) => users === several && failers !== several
    if (inARow >= settings.failures && !isOnesOwn(failersInARow)) open(`${inARow} failures in a row`)
    else if (
      calls >= settings.minCalls &&
      failures > calls * settings.failureRate &&
      !isOnesOwn(together(earlier.failers, current.failers))
    )
      open(`${failures} of ${calls} calls failed`)
  }

  function isPassable(): boolean {
    if (state === 'closed') return true
    if (state === 'open') return monotonic() >= openUntil
    // An answer that is not streamed takes its time: another may try while it does.
    return !hasTrial || monotonic() >= triedAt + settings.openFor
  }

  return {
    get state() {
      return state
    },
    get waitMs() {
      return state === 'open' ? Math.max(0, openUntil - monotonic()) : 0
    },
    get counts() {
      turnTallies()
      return { inARow, calls: earlier.calls + current.calls, failures: earlier.failures + current.failures }
    },
    get isPassable() {
      return isPassable()
    },
    enter(caller) {
      if (!isPassable()) return undefined
      if (state === 'open') change('half_open', 'it is tried again')
      if (state === 'half_open') {
        hasTrial = true
        triedAt = monotonic()
      }
      const born = generation
      let isOver = false
      return {
        answered() {
          if (!isOver && born === generation && state === 'half_open') close()
        },
        leave(result) {
          if (isOver) return
          isOver = true
          // A trial that closed the circuit counts no more than any other call of before.
          if (born !== generation) return
          if (state === 'closed') {
            if (result !== 'unknown') count(caller, result)
          } else if (result === 'ok') close()
          else if (result === 'unknown') hasTrial = false
          else open('it failed again')
        },
      }
    },
    observed(isUp) {
      if (state === 'closed') {
        if (!isUp) count(several, 'down')
      } else if (state === 'open') openUntil = isUp ? monotonic() : Math.max(openUntil, monotonic() + settings.openFor)
    },
  }
}

/** Up to this share of the time is left out. */
const spread = 0.2

/** Nobody, exactly one caller, or several: more need not be kept. */
type Callers = string | typeof nobody | typeof several
const nobody = Symbol('nobody')
const several = Symbol('several')

function together(one: Callers, other: Callers): Callers {
  if (one === nobody) return other
  return other === nobody || one === other ? one : several
}

interface Tally {
  readonly since: number
  calls: number
  failures: number
  users: Callers
  failers: Callers
}

function emptyTally(since: number): Tally {
  return { since, calls: 0, failures: 0, users: nobody, failers: nobody }
}
