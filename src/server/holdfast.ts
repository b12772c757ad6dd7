// The composition root: opens the installation, serves it, opens the doors last and closes them first.
import { applicationLifecycle } from '#audit'
import { describeIssue } from '#policy'
import { type Administration, administer } from './administration.ts'
import { digestOf, type ReadSettings } from './configuration.ts'
import { serveControl } from './control.ts'
import { ServerError } from './error.ts'
import { type Installation, openInstallation } from './installation.ts'
import { openManagement } from './management.ts'
import { openMonitoring } from './monitoring.ts'
import type { Operations } from './operations.ts'
import { diskReader } from './recording.ts'
import { type Configured, createReloader, type Reloader } from './reload.ts'
import { type Serving, serve } from './serving.ts'
import type { Settings } from './settings.ts'
import { type SharedRooms, shareRooms } from './shared.ts'
import { version } from './version.ts'
import { watchConfiguration } from './watch.ts'
import { startWorkers } from './workers/fleet.ts'
import type { World } from './world.ts'

export interface Holdfast {
  readonly url: string
  /** Of health and metrics, where the settings want them. */
  readonly operationsUrl: string | undefined
  /** Of the management API, where the settings want it. */
  readonly apiUrl: string | undefined
  readonly installation: Installation
  readonly administration: Administration
  readonly operations: Operations
  /** Says that it is not ready, waits as the settings want, stops accepting, finishes what runs, writes the last checkpoint, closes the store. In that order. */
  close(): Promise<void>
}

export interface StartOptions {
  /** How many processes serve, >= 1; one is this process itself. More only with settings that were read from files. */
  readonly workers?: number
  /** Sockets that somebody else has bound and keeps, such as systemd; none: the settings' address is taken. */
  readonly sockets?: readonly number[]
  /** Whether changes of the files take effect by themselves; only of settings that were read from files. */
  readonly watch?: boolean
}

/**
 * Opens the installation and serves it. The log begins with the start and ends with the stop, whatever lies between.
 *
 * @throws LogError, StoreError, CryptoError as `openInstallation`; ServerError when the address cannot be used
 */
export async function startHoldfast(
  read: ReadSettings | Configured,
  world: World,
  options: StartOptions = {},
): Promise<Holdfast> {
  const { settings, policies, data } = read
  // Closed from the last to the first, whatever fails on the way; also when the rest does not start.
  await using started = new AsyncDisposableStack()
  const installation = await openInstallation(data, world, settings.store, settings.audit)
  started.defer(() => installation.close())
  for (const warning of policies.warnings) world.warn(describeIssue(warning))
  await register(installation, settings)
  const shared = shareRooms(installation, settings, world)
  world.logger.configure(settings.logs)
  const monitoring = await openMonitoring(installation, shared, settings, world)
  started.defer(() => monitoring.close())
  const upkeep = setInterval(() => keepUp(installation, shared, world), upkeepMs)
  started.defer(() => clearInterval(upkeep))
  await installation.log.append(lifecycle('start', world, digestOf(settings)))
  started.defer(() => recordStop(installation, world))

  const administration = administer(installation, world)
  let serving: Serving | undefined
  let reloader: Reloader | undefined
  const operations: Operations = {
    async reload(trigger) {
      if (reloader === undefined) throw noConfiguration
      const result = await reloader.reload(trigger)
      monitoring.reloaded(result)
      return result
    },
    health: () => monitoring.health.ready(),
    async restart() {
      if (serving?.restart === undefined) throw noWorkers
      return { replaced: await serving.restart() }
    },
  }
  started.defer(await serveControl(data, administration, operations))

  let { shutdownGrace, shutdownDelay } = settings
  const opened = await open(read, installation, shared, world, options)
  serving = opened
  monitoring.serves(opened)
  // Where somebody else keeps the socket, the next program takes who comes now, and nobody has to be turned away.
  const linger = options.sockets?.length ? lingerMs : 0
  started.defer(() => opened.close(shutdownGrace, Math.min(linger, shutdownGrace)))
  const management = await openManagement(installation, shared, administration, read, world)
  started.defer(() => management.close(shutdownGrace))
  if ('recording' in read) {
    reloader = createReloader({
      running: read,
      reader: diskReader,
      record: shared.record,
      world,
      async prepare(next) {
        await register(installation, next.settings)
        const prepared = await opened.prepare(next)
        return {
          discard: prepared.discard,
          commit() {
            shared.configure(next.settings)
            monitoring.configure(next.settings)
            management.configure(next)
            shutdownGrace = next.settings.shutdownGrace
            shutdownDelay = next.settings.shutdownDelay
            return prepared.commit()
          },
        }
      },
    })
    if (options.watch === true) started.defer(watch(reloader, operations))
  }
  const { url } = opened
  world.logger.tell({ level: 'info', event: 'started', text: `serves at ${url}`, fields: { url, version } })
  const running = started.move()
  return {
    url,
    operationsUrl: monitoring.url,
    apiUrl: management.url,
    installation,
    administration,
    operations,
    async close() {
      monitoring.health.drain()
      world.logger.tell({ level: 'info', event: 'stopping', text: 'stops when what runs has ended' })
      // Who looks after the traffic sees that it is not ready, and sends no more.
      if (shutdownDelay > 0) await new Promise((resolve) => setTimeout(resolve, shutdownDelay))
      await running.disposeAsync()
      world.logger.tell({ level: 'info', event: 'stopped', text: 'stopped; the log is complete' })
    },
  }
}

const lingerMs = 1000

const noConfiguration = new ServerError('no_configuration', 'this gateway was not started from a configuration file')
const noWorkers = new ServerError(
  'no_workers',
  "this gateway has no workers to replace: start it with 'holdfast serve --workers 2' or more",
)

function open(
  read: ReadSettings | Configured,
  installation: Installation,
  shared: SharedRooms,
  world: World,
  { workers = 1, sockets = [] }: StartOptions,
): Promise<Serving> {
  if (workers === 1 || !('recording' in read)) return serve(shared, read, world, sockets[0])
  return startWorkers({ count: workers, sockets, configured: read, shared, installation, world })
}

function watch(reloader: Reloader, { reload }: Operations): () => void {
  const changed = () => reload('file')
  return watchConfiguration({ lastRead: () => reloader.lastRead, reader: diskReader, changed })
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
function keepUp({ actions, findings, budgets }: Installation, shared: SharedRooms, world: World): void {
  actions.expire().then(
    ({ failed }) => {
      for (const { id } of failed)
        world.report(`the action ${id} could not be taken back and is tried again`, undefined)
    },
    (error) => world.report('actions could not be taken back', error),
  )
  findings.expire().catch((error) => world.report('exceptions could not be ended', error))
  budgets.keepUp().catch((error) => world.report('settled budgets could not be stored', error))
  shared.purge().catch((error) => world.report('expired data could not be erased', error))
}

/** @param configuration  the digest of what it starts with */
function lifecycle(activity: 'start' | 'stop', world: World, configuration?: string) {
  return applicationLifecycle({
    time: world.now(),
    uid: world.id('ev'),
    activity,
    app: { name: 'holdfast', version },
    status: 'success',
    details: configuration === undefined ? undefined : { configuration },
  })
}
