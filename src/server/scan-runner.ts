// Scans for the management API: the same scanner as the command's, in the same sandboxed processes, and what it finds
// goes into the inventory and the findings.
import module from 'node:module'
import { dirname } from 'node:path'
import type { RunScan } from '#api'
import type { SandboxSettings, Target } from '#artifacts'
import type { Administration } from './administration.ts'
import { artifactFetcher } from './fetch-artifact.ts'
import type { World } from './world.ts'

const memoryBytes = 1024 ** 3
const downloadBytes = 1024 ** 3

export function scanRunner(administration: Pick<Administration, 'recordArtifact'>, world: World): RunScan {
  return async ({ place, threshold, timeoutMs, signal }) => {
    // Loaded when it is needed: a gateway that scans nothing does without.
    const { defaultLimits, recordOf, runScan, walk } = await import('#artifacts')
    const remote = place.kind === 'url' ? await openRemote(place.hosts, world) : undefined
    try {
      const targets =
        place.kind === 'path' ? await walk(place.path, place.shownAs) : ((await remote?.find(place.address)) ?? [])
      const { report, files } = await runScan(targets, {
        limits: { ...defaultLimits, timeMs: timeoutMs },
        jobs: 1,
        sandbox: sandbox(),
        now: world.now(),
        failOn: threshold,
        digests: true,
        signal,
      })
      for (const file of files) {
        const record = recordOf(file)
        if (record !== undefined) await administration.recordArtifact(record)
      }
      return report
    } finally {
      await remote?.close()
    }
  }
}

/** Public servers only, over https, and none but those that the configuration names. */
async function openRemote(hosts: readonly string[], { now }: World) {
  const { remoteTargets } = await import('#artifacts')
  const { get, close } = artifactFetcher({ allowPrivate: false, now })
  const settings = {
    hub: { endpoint: new URL('https://huggingface.co') },
    s3: { region: 'us-east-1' },
    allowedHosts: hosts,
    allowHttp: false,
  }
  const find = (address: string): Promise<readonly Target[]> =>
    remoteTargets(address, settings, { get, limits: { downloadBytes }, now })
  return { find, close }
}

function sandbox(): SandboxSettings {
  const cache = module.getCompileCacheDir?.()
  return {
    node: process.execPath,
    conditions: import.meta.url.endsWith('.ts') ? ['holdfast-source'] : [],
    compileCache: cache === undefined ? undefined : dirname(cache),
    memoryBytes,
  }
}
