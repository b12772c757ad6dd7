// The composition root: builds every room from the settings, opens the listener last and closes it first.
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { applicationLifecycle } from '#audit'
import { systemWorld as configWorld, loadConfig } from '#config'
import { commitment, tlsServerOptions } from '#crypto'
import {
  createUpstream,
  type House,
  type Listener,
  listen,
  modelMatcher,
  resolveBySystem,
  type UpstreamRoute,
  type UpstreamWorld,
} from '#gateway'
import { createInspector, detectorsFor } from '#inspect'
import { createLimiter } from '#limits'
import { createEntities, describeIssue, type PolicySet } from '#policy'
import { openVault } from '#privacy'
import { type Administration, administer } from './administration.ts'
import { serveControl } from './control.ts'
import { cannotListen, ServerError } from './error.ts'
import { type Installation, openInstallation } from './installation.ts'
import { readPolicies } from './policies.ts'
import { type Settings, settingsSchema } from './settings.ts'
import { version } from './version.ts'
import type { World } from './world.ts'

export interface Holdfast {
  readonly url: string
  readonly installation: Installation
  readonly administration: Administration
  /** Stops accepting, finishes what runs, writes the last checkpoint, closes the store. In that order. */
  close(): Promise<void>
}

export interface ReadSettings {
  readonly settings: Settings
  readonly policies: PolicySet
  /** Absolute. */
  readonly data: string
}

/**
 * Reads holdfast.yaml, the certificate and the policies it names.
 *
 * @throws ConfigError, PolicyError with file, line and column; ServerError `certificate`
 */
export async function readSettings(file: string): Promise<ReadSettings> {
  const settings = loadConfig(file, settingsSchema, configWorld)
  const folder = dirname(file)
  requireCertificate(file, settings.listen)
  const policies = await readPolicies(resolve(folder, settings.policy.folder))
  return { settings, policies, data: resolve(folder, settings.data) }
}

/**
 * Opens the installation and serves it. The log begins with the start and ends with the stop, whatever lies between.
 *
 * @throws LogError, StoreError, CryptoError as `openInstallation`; ServerError when the address cannot be used
 */
export async function startHoldfast({ settings, policies, data }: ReadSettings, world: World): Promise<Holdfast> {
  // Closed from the last to the first, whatever fails on the way; also when the rest does not start.
  await using started = new AsyncDisposableStack()
  const installation = await openInstallation(data, world)
  started.defer(() => installation.close())
  for (const warning of policies.warnings) world.warn(describeIssue(warning))
  const house = await furnish(installation, settings, policies, world)
  for (const { upstream } of house.upstreams) started.defer(() => upstream.close())
  const upkeep = setInterval(() => keepUp(installation, house, world), upkeepMs)
  started.defer(() => clearInterval(upkeep))
  await installation.log.append(lifecycle('start', world))
  started.defer(() => recordStop(installation, world))
  const administration = administer(installation, world)
  started.defer(await serveControl(data, administration))
  const listener = await openListener(house, settings)
  started.defer(() => listener.close(settings.shutdownGrace))
  const running = started.move()
  return { url: listener.url, installation, administration, close: () => running.disposeAsync() }
}

function requireCertificate(file: string, { tls }: Settings['listen']): void {
  try {
    createSecureContext(tls && tlsOptions(tls))
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('::').at(-1) : error
    throw new ServerError('certificate', `${file}: listen.tls: the certificate and its key cannot be used: ${reason}`)
  }
}

async function openListener(house: House, { listen: { host, port, tls } }: Settings): Promise<Listener> {
  try {
    return await listen(house, { host, port, tls: tls && tlsOptions(tls) })
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`)
  }
}

function tlsOptions({ certificate, key }: NonNullable<Settings['listen']['tls']>) {
  return tlsServerOptions({ certificatePem: certificate.reveal(), keyPem: key.reveal() })
}

async function recordStop({ log }: Installation, world: World): Promise<void> {
  await log.append(lifecycle('stop', world)).catch((error) => world.report('the stop could not be logged', error))
}

/** What the gateway lives in: the rooms, set up as the settings say. A test may exchange some of them before it listens. */
export async function furnish(
  installation: Installation,
  settings: Settings,
  policies: PolicySet,
  world: World,
): Promise<House> {
  const { keyring, log, store, keys } = installation
  const commitKey = keyring.symmetric('commitments')
  const upstreams = settings.upstreams.map(routeTo)
  for (const { name, url } of settings.upstreams)
    await installation.inventory.upsert({
      kind: 'upstream',
      identity: url.origin,
      name,
    })
  return {
    identify: keys.authenticate,
    policy: policies,
    entities: createEntities([], policies),
    limiter: createLimiter({ now: world.now }),
    inspector: createInspector({
      detectors: detectorsFor(settings.inspect),
      actions: settings.inspect.actions,
      cacheEntries: settings.inspect.cacheEntries,
      timeLimitMs: settings.inspect.timeLimit,
      now: world.monotonic,
      onOverrun: (detector, ms) => world.warn(`the detector ${detector} took ${Math.round(ms)} ms over one text`),
    }),
    vault: openVault({
      database: store.database(),
      key: keyring.symmetric('vault'),
      now: world.now,
      ttlMs: settings.privacy.session.ttl,
    }),
    upstreams,
    settings: {
      limits: settings.limits,
      privacy: settings.privacy,
      wire: settings.wire,
      maxAnswerBytes: settings.answers.maxBytes,
      maxEventBytes: settings.answers.maxEventBytes,
      stageTimeoutMs: settings.stageTimeout,
    },
    record: (event) => log.append(event),
    note: (event) => log.note(event),
    detected: installation.detections.detected,
    commitment: remember(1000, (value) => commitment(commitKey, value)),
    now: world.now,
    monotonic: world.monotonic,
    randomBytes: world.randomBytes,
    report: world.report,
  }
}

const upkeepMs = 60_000

/** What has come to its time: actions that end by themselves, and masked data that nobody asks for any more. */
function keepUp({ actions, findings }: Installation, { vault }: House, world: World): void {
  actions.expire().then(
    ({ failed }) => {
      for (const { id } of failed)
        world.report(`the action ${id} could not be taken back and is tried again`, undefined)
    },
    (error) => world.report('actions could not be taken back', error),
  )
  findings.expire().catch((error) => world.report('exceptions could not be ended', error))
  vault.purge().catch((error) => world.report('expired data could not be erased', error))
}

function routeTo(upstream: Settings['upstreams'][number]): UpstreamRoute {
  const serves = modelMatcher(upstream.models)
  return { upstream: createUpstream(upstream, upstreamWorld), serves }
}

const upstreamWorld: UpstreamWorld = {
  resolve: resolveBySystem,
  now: Date.now,
}

/** Keeps the newest `limit` results: clients are few, and each sends many requests. */
function remember(limit: number, compute: (input: string) => string): (input: string) => string {
  const known = new Map<string, string>()
  return (input) => {
    const found = known.get(input)
    if (found !== undefined) return found
    const result = compute(input)
    if (known.size >= limit) known.clear()
    known.set(input, result)
    return result
  }
}

function lifecycle(activity: 'start' | 'stop', world: World) {
  return applicationLifecycle({
    time: world.now(),
    uid: world.id('ev'),
    activity,
    app: { name: 'holdfast', version },
    status: 'success',
  })
}
