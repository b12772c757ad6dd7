// Health and metrics of a gateway, put together, and the listener for them where the settings want one.
import { createHealth, type Health } from './health.ts'
import type { Installation } from './installation.ts'
import { createCollector } from './metrics/collect.ts'
import { type OperationsListener, openOperations } from './operations-listener.ts'
import type { ReloadResult } from './reload.ts'
import type { Serving } from './serving.ts'
import type { Settings } from './settings.ts'
import type { SharedRooms } from './shared.ts'
import type { World } from './world.ts'

export interface Monitoring {
  readonly health: Health
  /** Of the listener, when there is one. */
  readonly url: string | undefined
  /** From now on requests are served. */
  serves(serving: Serving): void
  /** What came of a reload of the configuration. */
  reloaded(result: ReloadResult): void
  /** Takes over changed settings. */
  configure(settings: Settings): void
  close(): Promise<void>
}

/** @throws ServerError as `openOperations` */
export async function openMonitoring(
  installation: Installation,
  shared: SharedRooms,
  first: Settings,
  world: World,
): Promise<Monitoring> {
  let settings = first
  let serving: Serving | undefined
  let isCurrent = true
  const common = { installation, world, serving: () => serving, isCurrent: () => isCurrent }
  const health = createHealth(common)
  const collector = createCollector({
    ...common,
    shared,
    settings: () => settings,
    isReady: async () => (await health.ready()).ok,
  })
  let listener: OperationsListener | undefined
  try {
    listener = settings.operations && (await openOperations(settings.operations, health, collector))
  } catch (error) {
    collector.close()
    throw error
  }
  return {
    health,
    url: listener?.url,
    serves(by) {
      serving = by
    },
    reloaded(result) {
      installation.metrics.counter('reloads', result.outcome).add(1)
      isCurrent = result.outcome !== 'refused'
      if (result.outcome !== 'applied') return
      const fields = { changed: result.changed.length, waiting: result.waiting.length }
      world.logger.tell({ level: 'info', event: 'reloaded', text: 'the configuration was changed', fields })
    },
    configure(next) {
      settings = next
      world.logger.configure(next.logs)
      if (next.operations !== undefined) listener?.configure(next.operations)
    },
    async close() {
      await listener?.close()
      collector.close()
    },
  }
}
