// What an operator may do to a gateway that runs, and to nothing else.
import type { HealthReport } from './health.ts'
import type { ReloadResult, ReloadTrigger } from './reload.ts'

export interface Operations {
  /** Reads the configuration again. @throws ServerError `no_configuration` when it was not read from a file */
  reload(trigger: ReloadTrigger): Promise<ReloadResult>
  /**
   * Replaces the workers one after another by new ones. Resolves when all new ones serve; the old ones may still be
   * finishing what they have begun.
   *
   * @throws ServerError `no_workers`, `worker_failed`
   */
  restart(): Promise<{ readonly replaced: number }>
  /** Whether it is ready for requests. */
  health(): Promise<HealthReport>
}
