// The composition root: builds every room from the settings, opens the listener last and closes it first.
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { applicationLifecycle } from '#audit'
import { systemWorld as configWorld, loadConfig } from '#config'
import { tlsServerOptions } from '#crypto'
import { createHouses, type Houses, type Listener, listen } from '#gateway'
import { describeIssue, type PolicySet } from '#policy'
import { type Administration, administer } from './administration.ts'
import { serveControl } from './control.ts'
import { cannotListen, ServerError } from './error.ts'
import { furnish } from './furnish.ts'
import { type Installation, openInstallation } from './installation.ts'
import { readPolicies } from './policies.ts'
import { type Settings, settingsSchema } from './settings.ts'
import { type SharedRooms, shareRooms } from './shared.ts'
import { createUpstreams } from './upstreams.ts'
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
  await register(installation, settings)
  const shared = shareRooms(installation, settings, world)
  const upstreams = createUpstreams(shared, world)
  const routes = upstreams.acquire(settings.upstreams)
  started.defer(() => upstreams.release(routes))
  const houses = createHouses(furnish(shared, settings, policies, routes, world))
  const upkeep = setInterval(() => keepUp(installation, shared, world), upkeepMs)
  started.defer(() => clearInterval(upkeep))
  await installation.log.append(lifecycle('start', world))
  started.defer(() => recordStop(installation, world))
  const administration = administer(installation, world)
  started.defer(await serveControl(data, administration))
  const listener = await openListener(houses, settings)
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

async function openListener(houses: Houses, { listen: { host, port, tls } }: Settings): Promise<Listener> {
  try {
    return await listen(houses, { host, port, tls: tls && tlsOptions(tls) })
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

/** The upstreams become assets, so that findings can be about them. */
async function register({ inventory }: Installation, { upstreams }: Settings): Promise<void> {
  for (const { name, url } of upstreams) await inventory.upsert({ kind: 'upstream', identity: url.origin, name })
}

const upkeepMs = 60_000

/** What has come to its time: actions that end by themselves, and masked data that nobody asks for any more. */
function keepUp({ actions, findings }: Installation, shared: SharedRooms, world: World): void {
  actions.expire().then(
    ({ failed }) => {
      for (const { id } of failed)
        world.report(`the action ${id} could not be taken back and is tried again`, undefined)
    },
    (error) => world.report('actions could not be taken back', error),
  )
  findings.expire().catch((error) => world.report('exceptions could not be ended', error))
  shared.purge().catch((error) => world.report('expired data could not be erased', error))
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
