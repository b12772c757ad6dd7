// The management API of a gateway, where the settings want one: the rooms of its installation, shown to the outside.
import { join } from 'node:path'
import { type ApiListener, type ApiRooms, listenApi, openScans } from '#api'
import { parseVerifierKeys, publicKeysOf } from '#audit'
import { commitment } from '#crypto'
import { explanationSchema } from '#gateway'
import { createIdentify, type Identify } from '#identity'
import type { PolicySet } from '#policy'
import type { Administration } from './administration.ts'
import { tlsOptions } from './configuration.ts'
import { cannotListen } from './error.ts'
import { explainLogged } from './explain.ts'
import { type Installation, originOf } from './installation.ts'
import { createTokenDoor } from './issuers.ts'
import { mayManage } from './management-policy.ts'
import { scanRunner } from './scan-runner.ts'
import type { Furnishing } from './serving.ts'
import type { Settings } from './settings.ts'
import type { SharedRooms } from './shared.ts'
import { version } from './version.ts'
import type { World } from './world.ts'

export interface Management {
  /** Of the listener, when there is one. */
  readonly url: string | undefined
  /** Takes over changed settings and policies. */
  configure(next: Furnishing): void
  close(graceMs: number): Promise<void>
}

type ApiSettings = NonNullable<Settings['api']>

const none: Management = { url: undefined, configure: () => {}, close: async () => {} }

/** @throws ServerError `address_in_use`, `address_refused`; StoreError */
export async function openManagement(
  installation: Installation,
  shared: SharedRooms,
  administration: Administration,
  first: Furnishing,
  world: World,
): Promise<Management> {
  const { api } = first.settings
  if (api === undefined) return none
  const door = createTokenDoor(world)
  const identifyBy = ({ identity }: Settings): Identify =>
    createIdentify(installation.keys, door.verifier(identity, shared.commitKey))
  let current = { api, policies: first.policies, identify: identifyBy(first.settings) }
  const scans = await openScans({
    database: installation.store.database(),
    folder: join(installation.data, 'uploads'),
    settings: () => current.api.scans,
    run: scanRunner(administration, world),
    record: shared.record,
    now: world.now,
    id: world.id,
    report: world.report,
  })
  const rooms: ApiRooms = {
    ...roomsOf(installation, shared, administration, world, () => current.policies),
    scans,
    settings: () => current.api,
    identify: (credential) => current.identify(credential),
    authorise: (principal, action, resource) => mayManage(current.policies, principal, action, resource),
  }
  let listener: ApiListener
  try {
    listener = await open(rooms, api)
  } catch (error) {
    await scans.close()
    throw error
  }
  return {
    url: listener.url,
    configure({ settings, policies }) {
      // That there is an API does not change while it runs.
      current = { api: settings.api ?? current.api, policies, identify: identifyBy(settings) }
      const tls = tlsOptions(current.api.listen)
      if (tls !== undefined) listener.renewCertificate(tls)
    },
    async close(graceMs) {
      // Whoever waits for a scan is told how far it is.
      const stopped = scans.close()
      await listener.close(graceMs)
      await stopped
    },
  }
}

async function open(rooms: ApiRooms, api: ApiSettings): Promise<ApiListener> {
  const { host, port } = api.listen
  try {
    return await listenApi(rooms, { host, port, tls: tlsOptions(api.listen), version, explanation: explanationSchema })
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`)
  }
}

function roomsOf(
  { findings, actions, inventory, budgets, keyring, keys, log, data }: Installation,
  shared: SharedRooms,
  administration: Administration,
  world: World,
  policies: () => PolicySet,
) {
  const dir = join(data, 'log')
  const signing = keyring.signing('log')
  const verifying = parseVerifierKeys(publicKeysOf(originOf(signing), signing))
  return {
    addresses: shared.addresses,
    admit: shared.admit,
    record: shared.record,
    note: shared.note,
    commitment: (address: string) => commitment(shared.commitKey, address),
    keys: { list: keys.list, create: administration.createKey, revoke: administration.revokeKey },
    findings,
    actions,
    inventory,
    listBudgets: () => budgets.list(),
    log: { dir, checkpoint: () => log.checkpoint() },
    explanations: {
      async explain(id: string, since: number) {
        const found = await explainLogged(id, { dir, keys: verifying, since, policies: policies() })
        return found?.explanation
      },
    },
    now: world.now,
    id: world.id,
    report: world.report,
  }
}
