// The gateway for tests, in process: real rooms on a real folder, a real listener, an upstream that says
// what the test says. What a test wants to go wrong it exchanges in the house before the doors open.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { readEntries } from '#audit'
import { createHouses, type House, listen } from '#gateway'
import type { PolicySet } from '#policy'
import {
  createTokenDoor,
  createUpstreams,
  ensurePolicies,
  furnish,
  type Installation,
  openInstallation,
  readPolicies,
  settingsSchema,
  shareRooms,
  systemWorld,
  type World,
} from '#server'
import { startUpstream, type TestUpstream } from './upstream.ts'

export interface TestGateway {
  readonly port: number
  /** A good API key with the scope `chat`. */
  readonly key: string
  readonly data: string
  readonly upstream: TestUpstream
  readonly installation: Installation
  readonly house: House
  /** What the operator was told. */
  readonly reports: string[]
  /** The entries of the log from index `from`, as the log's readers find them on disk. */
  entries(from: number): Promise<LoggedExchange[]>
  /** Those entries, once there are enough of them. */
  entriesOnce(from: number, isEnough: (entries: readonly LoggedExchange[]) => boolean): Promise<LoggedExchange[]>
  close(): Promise<void>
}

/** What a test looks at in an entry of an exchange. */
export interface LoggedExchange {
  readonly phase: 'decision' | 'outcome'
  readonly exchange: string
  readonly code: string | undefined
  /** OCSF status_id: 1 success, 2 failure, 99 other. */
  readonly status: number
  readonly scan: string
  readonly rule: string | undefined
  readonly responseStatus: number | undefined
}

export interface GatewayOptions {
  /** Parts of holdfast.yaml. */
  readonly settings?: object
  /** Parts of its `limits`; they are far above what a test sends. */
  readonly limits?: object
  /** Parts of the one upstream's settings. */
  readonly upstream?: object
  /** Where the upstream is; without it a test upstream is started. */
  readonly url?: string
  /** Serves TLS with these. */
  readonly tls?: TlsOptions
  /** What is exchanged in the house. */
  readonly change?: (house: House) => Partial<House>
  /** What is exchanged in the world. */
  readonly world?: Partial<World>
}

export async function openGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const data = mkdtempSync(join(fastFolder, 'holdfast-'))
  const upstream = await startUpstream()
  const reports: string[] = []
  const world = { ...systemWorld((text) => reports.push(text)), ...options.world }
  const settings = settingsSchema.parse({
    data,
    upstreams: [
      { name: 'test', url: options.url ?? upstream.url, key: upstreamKey, allowPrivate: true, ...options.upstream },
    ],
    policy: { folder: join(data, 'policies') },
    limits: { ...farAbove, ...options.limits },
    ...options.settings,
  })
  defaultPolicies ??= readPolicies(ensurePolicies(settings.policy.folder))
  const policies = await defaultPolicies
  const installation = await openInstallation(data, world)
  const { secret } = await installation.keys.create({ name: 'k', principal: 'p', tenant: 't', scopes: ['chat'] })
  const shared = shareRooms(installation, settings, world)
  const routes = createUpstreams(shared, world).acquire(settings.upstreams)
  const tokens = createTokenDoor(world).verifier(settings.identity, shared.commitKey)
  const furnished = furnish(shared, settings, policies, routes, world, tokens)
  const house = { ...furnished, ...options.change?.(furnished) }
  const listener = await listen(createHouses(house), { host: '127.0.0.1', port: 0, tls: options.tls })
  return {
    port: Number(new URL(listener.url).port),
    key: secret,
    data,
    upstream,
    installation,
    house,
    reports,
    entries: (from) => entriesOf(data, from),
    async entriesOnce(from, isEnough) {
      for (;;) {
        const entries = await entriesOf(data, from)
        if (isEnough(entries)) return entries
        // An outcome is written with the entry after it.
        await installation.log.append(marker)
      }
    },
    async close() {
      await listener.close(200)
      await Promise.all(house.upstreams.map((route) => route.upstream.destroy()))
      try {
        await installation.close()
      } finally {
        await upstream.close()
        rmSync(data, { recursive: true, force: true })
      }
    },
  }
}

const farAbove = {
  rates: { key: { requests: 1_000_000, per: '1s' } },
  concurrency: { key: 10_000 },
  addresses: { failures: 1_000_000, records: 100_000, recordsInTotal: 1_000_000 },
}

/** Read once: Cedar takes longer than the rest of a start. */
let defaultPolicies: Promise<PolicySet> | undefined

/** In memory where there is such a folder: what a sync is worth is for the log's own tests. */
const fastFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** The gateway's own credential at the upstream. */
export const upstreamKey = 'upstream-credential-of-the-gateway'

async function entriesOf(data: string, from: number): Promise<LoggedExchange[]> {
  const entries: LoggedExchange[] = []
  for await (const { event } of readEntries({ dir: join(data, 'log'), from }))
    if (event?.class_uid === 6003) entries.push(summaryOf(event))
  return entries
}

const marker = {
  class_uid: 6002,
  category_uid: 6,
  activity_id: 99,
  type_uid: 600299,
  severity_id: 1,
  status_id: 1,
  time: 0,
  metadata: { version: '1.8.0', product: { name: 'Holdfast', vendor_name: 'Holdfast' }, uid: 'marker' },
} as const

/** The log's readers give what is on disk; the test checks the shape of what the gateway wrote there. */
function summaryOf(event: object): LoggedExchange {
  const { status_code, status_id, policy, http_response, unmapped } = event as {
    status_code?: string
    status_id: number
    policy?: { uid: string }
    http_response?: { code: number }
    unmapped: { holdfast: { phase: LoggedExchange['phase']; exchange: string; scan: string } }
  }
  const { phase, exchange, scan } = unmapped.holdfast
  return {
    phase,
    exchange,
    code: status_code,
    status: status_id,
    scan,
    rule: policy?.uid,
    responseStatus: http_response?.code,
  }
}
