// What a scan found, into the installation that was named: through the gateway that runs on it, or else directly.
import { type JudgedFile, recordOf } from '#artifacts'
import { openAdministration, systemWorld } from '#server'
import type { CommandIo } from './io.ts'
import { installationOf } from './location.ts'

/** @throws ServerError, FindingsError, InventoryError */
export async function recordScan(
  files: readonly JudgedFile[],
  values: { data?: string | undefined; config?: string | undefined },
  io: CommandIo,
): Promise<void> {
  const world = systemWorld(io.stderr)
  const { administration, close } = await openAdministration(installationOf(values, io), world, { mayCreate: true })
  try {
    for (const file of files) {
      const record = recordOf(file)
      if (record !== undefined) await administration.recordArtifact(record)
    }
  } finally {
    await close()
  }
}
