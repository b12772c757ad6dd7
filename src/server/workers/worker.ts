// A worker: the process that serves requests, and nothing else. Started by the sequencer (fleet.ts) with a socket that
// is already bound. Whatever must be common to all workers, it asks of the sequencer; without it, it ends at once.
import { createKeyReplica } from '#identity'
import type { AddressGuard } from '#limits'
import { withoutRestart } from '../changes.ts'
import { loadSettings, readSettings } from '../configuration.ts'
import { meterProcess } from '../metrics/process.ts'
import { createRegistry } from '../metrics/registry.ts'
import { servingReadings } from '../metrics/report.ts'
import { replay } from '../recording.ts'
import { type Furnishing, type LocalServing, type Prepared, serve } from '../serving.ts'
import type { Shared } from '../shared.ts'
import { version } from '../version.ts'
import { systemWorld } from '../world.ts'
import { type Message, openChannel, type Port } from './channel.ts'
import type { Configuration, SequencerCalls, WorkerCalls } from './protocol.ts'

/** The number under which `fleet.ts` hands the socket over. */
const socket = 4
const beatMs = 1000

// One process writes to stderr, so that lines stay whole and have one form.
const world = systemWorld({ tell: (line) => channel.tell('tell', line), configure() {} })
const keys = createKeyReplica(world.now)
const metrics = createRegistry()
const meter = meterProcess()
let serving: LocalServing | undefined
let prepared: Prepared | undefined

// Ctrl-C reaches every process of a terminal; when to stop is the sequencer's to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
// Nothing can be put on record any more, so nothing may be served.
process.once('disconnect', () => process.exit(1))

const channel = openChannel<WorkerCalls, SequencerCalls>(portOfParent(), {
  async start({ commitKey, ...configuration }) {
    try {
      serving = await serve(sharedWith(commitKey), await read(configuration), world, socket)
      return { url: serving.url, version }
    } catch (error) {
      return { failure: messageOf(error) }
    }
  },
  keys: keys.take,
  async prepare(configuration) {
    try {
      prepared = serving?.prepare(await read(configuration))
      return { failure: undefined }
    } catch (error) {
      return { failure: messageOf(error) }
    }
  },
  commit() {
    prepared?.commit()
    prepared = undefined
  },
  discard() {
    prepared?.discard()
    prepared = undefined
  },
  report: beat,
  async stop({ graceMs, lingerMs }) {
    await serving?.close(graceMs, lingerMs)
    beat()
  },
})

setInterval(beat, beatMs)

function beat(): void {
  const state = serving?.state()
  channel.tell('beat', {
    readings: [...meter.readings(), ...(state === undefined ? [] : servingReadings(state, world.now()))],
    increments: metrics.take(),
    upstreams: state?.upstreams ?? [],
  })
}

async function read({ file, recording, started }: Configuration): Promise<Furnishing> {
  const { settings, policies } = await readSettings(file, replay(recording))
  return { settings: withoutRestart(loadSettings(file, replay(started)), settings), policies }
}

/** The far ends of what is shared. */
function sharedWith(commitKey: Uint8Array): Shared {
  return {
    record: (event) => channel.call('record', event),
    note: async (event) => channel.tell('note', event),
    detected: (detection) => channel.tell('detected', detection),
    authenticate: keys.authenticate,
    admit: (charges) => channel.call('admit', charges),
    leases: {
      acquire: (id, places) => channel.call('acquire', { id, places }),
      release: (id) => channel.tell('release', id),
    },
    budgets: {
      reserve: (id, charges) => channel.call('reserve', { id, charges }),
      settle: (id, amounts) => channel.tell('settle', { id, amounts }),
    },
    addresses: rememberAllowed({
      check: (address) => channel.call('check', address),
      failed: (address, code) => channel.call('failed', { address, code }),
      drain: () => channel.call('drain', undefined),
    }),
    protect: (protection) => channel.call('protect', protection),
    commitKey,
    metrics,
  }
}

/**
 * An address that may ask is not asked about again for a second, unless it fails here: one that guesses fails each time,
 * so it gains at most one guess for each worker.
 */
function rememberAllowed(guard: AddressGuard): AddressGuard {
  const allowedUntil = new Map<string, number>()
  return {
    drain: guard.drain,
    check(address) {
      if ((allowedUntil.get(address) ?? 0) > world.monotonic()) return allowed
      return Promise.resolve(guard.check(address)).then((decision) => {
        if (allowedUntil.size >= maxRemembered) allowedUntil.clear()
        if (decision.allowed) allowedUntil.set(address, world.monotonic() + 1000)
        return decision
      })
    },
    failed(address, code) {
      allowedUntil.delete(address)
      return guard.failed(address, code)
    },
  }
}

const allowed = { allowed: true } as const
const maxRemembered = 10_000

function portOfParent(): Port {
  return {
    send: (message) => process.send?.(message),
    // The only sender is the sequencer.
    onMessage: (take) => process.on('message', (message) => take(message as Message)),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
