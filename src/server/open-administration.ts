// How a command gets at an installation: through the gateway that runs on it, or else by itself.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Administration, administer } from './administration.ts'
import type { Place } from './backups.ts'
import { connectControl } from './control.ts'
import { alreadyRunning, ServerError } from './error.ts'
import { openInstallation } from './installation.ts'
import type { World } from './world.ts'

/**
 * Administration of the installation at a place, and how to let go of it.
 *
 * @param mayCreate  whether an installation is made where there is none
 * @throws ServerError `no_installation`; as `openInstallation`
 */
export async function openAdministration(
  { data, store }: Place,
  world: World,
  { mayCreate }: { mayCreate: boolean },
): Promise<{ administration: Administration; close(): Promise<void> }> {
  const running = await connectControl(data)
  if (running !== undefined) return { administration: running, close: async () => {} }
  if (!mayCreate && !existsSync(join(data, 'log')))
    throw new ServerError(
      'no_installation',
      `there is no installation in ${data}; say with --data or --config where it is`,
    )
  const installation = await openInstallation(data, world, store)
  return { administration: administer(installation, world), close: () => installation.close() }
}

/** @throws ServerError `already_running` when a gateway answers on the control socket of `data` */
export async function refuseSecond(data: string): Promise<void> {
  if ((await connectControl(data)) !== undefined) throw alreadyRunning(data)
}
