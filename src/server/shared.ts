// What all gateways of one installation share: its log, its limits, its keys and its vault. A gateway in the same
// process has the rooms themselves; one in a worker has their far ends (workers/), so what goes in and out is data.
import type { OcsfEvent } from '#audit'
import type { Detection } from '#gateway'
import type { AuthenticationResult } from '#identity'
import {
  type AddressGuard,
  type Budgets,
  type Charge,
  createAddressGuard,
  createLeases,
  createLimiter,
  type Leases,
  type LimitDecision,
} from '#limits'
import { openVault, type Protection, type Pseudonymised, protect } from '#privacy'
import type { Installation } from './installation.ts'
import type { Registry } from './metrics/registry.ts'
import type { Settings } from './settings.ts'
import type { World } from './world.ts'

export interface Shared {
  /** Resolves when the entry is durable. */
  record(event: OcsfEvent): Promise<unknown>
  /** As `record`, for what nobody waits for: written together with the next entry. */
  note(event: OcsfEvent): Promise<unknown>
  /** Never throws and never waits. */
  detected(detection: Detection): void
  /** Who an API key speaks for. */
  authenticate(credential: string): AuthenticationResult
  admit(charges: readonly Charge[]): LimitDecision | Promise<LimitDecision>
  readonly leases: Leases
  readonly budgets: Budgets
  readonly addresses: AddressGuard
  /** What was masked is stored when it resolves. */
  protect(protection: Protection): Promise<readonly Pseudonymised[]>
  /** Of the commitments that stand for personal values in the log. */
  readonly commitKey: Uint8Array
  /** Of this process; what a worker counts goes on to the sequencer. */
  readonly metrics: Registry
}

export interface SharedRooms extends Shared {
  /** Leases that are taken. */
  readonly leasesTaken: number
  /** Takes over what the settings say of what is shared; nothing that is kept is lost. */
  configure(settings: Settings): void
  /** Erases masked data that nobody asks for any more. */
  purge(): Promise<unknown>
}

export function shareRooms(installation: Installation, settings: Settings, world: World): SharedRooms {
  const { keyring, log, store, keys, detections } = installation
  const limiter = createLimiter({ now: world.now })
  let { ttl } = settings.privacy.session
  let { limits } = settings
  const leases = createLeases({
    monotonic: world.monotonic,
    get timeoutMs() {
      return limits.concurrency.leaseTimeout
    },
  })
  const vault = openVault({
    database: store.database(),
    key: keyring.symmetric('vault'),
    now: world.now,
    get ttlMs() {
      return ttl
    },
  })
  return {
    record: (event) => log.append(event),
    note: (event) => log.note(event),
    detected: detections.detected,
    authenticate: keys.authenticate,
    admit: limiter.admit,
    leases,
    budgets: installation.budgets,
    addresses: createAddressGuard(() => limits.addresses, { now: world.now }),
    protect: (protection) => protect(vault, protection),
    commitKey: keyring.symmetric('commitments'),
    metrics: installation.metrics,
    get leasesTaken() {
      return leases.size
    },
    configure({ privacy, limits: changed }) {
      ttl = privacy.session.ttl
      limits = changed
    },
    purge: () => vault.purge(),
  }
}
