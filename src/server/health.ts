// Whether this gateway lives, and whether it should get requests: what orchestrators and balancers ask.
import { applicationLifecycle } from '#audit'
import type { Installation } from './installation.ts'
import { mayBeCalled } from './metrics/report.ts'
import type { Serving } from './serving.ts'
import { version } from './version.ts'
import type { World } from './world.ts'

export interface HealthCheck {
  readonly name: string
  /** A warning is for the operator, and takes nobody's requests away. */
  readonly state: 'ok' | 'failed' | 'warning'
  readonly detail: string
}

/** Plain data. */
export interface HealthReport {
  readonly ok: boolean
  readonly checks: readonly HealthCheck[]
}

export interface Health {
  /** Should it get requests? */
  ready(): Promise<HealthReport>
  /** Should it be left running? */
  live(): HealthReport
  /** From now on it is not ready. */
  drain(): void
}

export interface HealthOptions {
  readonly installation: Installation
  readonly world: World
  /** undefined while it starts. */
  readonly serving: () => Serving | undefined
  /** Whether the configuration that was read last is in use. */
  readonly isCurrent: () => boolean
}

/** How long an answer is used again: whoever asks without end must not keep the store busy. */
const freshMs = 500
/** How long the store may take. */
const storeLimitMs = 2000
/** A worker is ended and replaced long before; when that does not help, somebody else has to. */
const maxSilentMs = 30_000
const maxDownMs = 60_000

export function createHealth(options: HealthOptions): Health {
  const { installation, world, serving } = options
  let isDraining = false
  let running: Promise<readonly HealthCheck[]> | undefined
  let looked: { readonly at: number; readonly checks: readonly HealthCheck[] } | undefined
  const store = storeCheck(installation)
  const log = logCheck(installation, world)

  async function look(): Promise<readonly HealthCheck[]> {
    const found = await Promise.all([log(), store(), upstreamCheck(serving()), workerCheck(serving())])
    const checks = found.filter((check) => check !== undefined)
    looked = { at: world.monotonic(), checks }
    return checks
  }

  return {
    async ready() {
      const isFresh = looked !== undefined && world.monotonic() - looked.at < freshMs
      if (!isFresh)
        running ??= look().finally(() => {
          running = undefined
        })
      const checks = isFresh ? (looked?.checks ?? []) : ((await running) ?? [])
      return reportOf([servingCheck(serving(), isDraining), ...checks, configurationCheck(options.isCurrent())])
    },
    live() {
      const workers = serving()?.workers?.() ?? []
      return reportOf([
        { name: 'process', state: 'ok', detail: 'it answers' },
        ...workers.map(({ number, silentMs, downMs }): HealthCheck => {
          const name = `worker-${number}`
          if (downMs !== undefined && downMs > maxDownMs)
            return { name, state: 'failed', detail: 'it could not be replaced' }
          if (silentMs > maxSilentMs) return { name, state: 'failed', detail: 'it gives no sign of life' }
          return { name, state: 'ok', detail: downMs === undefined ? 'it serves' : 'it is being replaced' }
        }),
      ])
    },
    drain() {
      isDraining = true
    },
  }
}

function reportOf(checks: readonly HealthCheck[]): HealthReport {
  return { ok: checks.every(({ state }) => state !== 'failed'), checks }
}

function servingCheck(serving: Serving | undefined, isDraining: boolean): HealthCheck {
  const name = 'serving'
  if (isDraining) return { name, state: 'failed', detail: 'it is about to stop' }
  return serving === undefined
    ? { name, state: 'failed', detail: 'it is starting' }
    : { name, state: 'ok', detail: 'it accepts connections' }
}

/** Where no requests come any more, nobody would find out that the disk is well again: so this writes an entry then. */
function logCheck({ log }: Installation, world: World): () => Promise<HealthCheck> {
  const name = 'log'
  return async () => {
    if (log.hasFailed) {
      try {
        await log.append(resumption(world))
      } catch {
        return { name, state: 'failed', detail: 'the disk refuses entries' }
      }
    }
    return log.trouble === undefined
      ? { name, state: 'ok', detail: 'it is written' }
      : { name, state: 'warning', detail: 'it gets no new checkpoint' }
  }
}

function resumption(world: World) {
  return applicationLifecycle({
    time: world.now(),
    uid: world.id('ev'),
    activity: 'other',
    app: { name: 'holdfast', version },
    status: 'success',
    details: { log: 'written again' },
  })
}

/** An empty transaction takes the lock that writing needs. At most one waits for it. */
function storeCheck({ store }: Installation): () => Promise<HealthCheck> {
  const name = 'store'
  let asking: Promise<HealthCheck> | undefined
  const ask = async (): Promise<HealthCheck> => {
    try {
      await store
        .database()
        .transaction()
        .execute(async () => {})
      return { name, state: 'ok', detail: 'it can be written' }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown'
      return { name, state: 'failed', detail: `it cannot be written (${code})` }
    }
  }
  return async () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    const { promise: late, resolve } = Promise.withResolvers<HealthCheck>()
    const limit = setTimeout(() => resolve({ name, state: 'failed', detail: 'it does not answer' }), storeLimitMs)
    try {
      return await Promise.race([asking, late])
    } finally {
      clearTimeout(limit)
    }
  }
}

async function upstreamCheck(serving: Serving | undefined): Promise<HealthCheck | undefined> {
  if (serving === undefined) return undefined
  const states = Map.groupBy(
    (await serving.reports()).flatMap(({ upstreams }) => upstreams),
    ({ name }) => name,
  )
  const callable = [...states.values()].filter((each) => each.some(mayBeCalled)).length
  return {
    name: 'upstreams',
    state: callable > 0 || states.size === 0 ? 'ok' : 'failed',
    detail: `${callable} of ${states.size} may be called`,
  }
}

function workerCheck(serving: Serving | undefined): HealthCheck | undefined {
  const workers = serving?.workers?.()
  if (workers === undefined) return undefined
  const up = workers.filter(({ downMs }) => downMs === undefined).length
  return { name: 'workers', state: up > 0 ? 'ok' : 'failed', detail: `${up} of ${workers.length} serve` }
}

/** The old one is in use and as good as ever: one wrong edit must not take a fleet out of service. */
function configurationCheck(isCurrent: boolean): HealthCheck {
  return isCurrent
    ? { name: 'configuration', state: 'ok', detail: 'what is on disk is in use' }
    : { name: 'configuration', state: 'warning', detail: 'what is on disk was refused, the one before is in use' }
}

/** For people, and stable for programs: a line for each check. */
export function healthText({ ok, checks }: HealthReport, no: string): string {
  const lines = checks.map(({ name, state, detail }) => `[${marks[state]}] ${name}: ${detail}\n`)
  return `${lines.join('')}${ok ? 'ok' : no}\n`
}

const marks = { ok: '+', failed: '-', warning: '!' } as const
