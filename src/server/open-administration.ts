// How a command gets at an installation: through the gateway that runs on it, or else by itself.
import { type Administration, administer } from './administration.ts'
import { connectControl } from './control.ts'
import { openInstallation } from './installation.ts'
import type { World } from './world.ts'

/** Administration of the installation in `data`, and how to let go of it. */
export async function openAdministration(
  data: string,
  world: World,
): Promise<{ administration: Administration; close(): Promise<void> }> {
  const running = await connectControl(data)
  if (running !== undefined) return { administration: running, close: async () => {} }
  const installation = await openInstallation(data, world)
  return { administration: administer(installation, world), close: () => installation.close() }
}
