// How many connections of clients this process has room for. What it needs for itself must never be taken by them: the
// log opens files for each checkpoint, and every request may need a connection to an upstream.
import type { Settings } from './settings.ts'
import type { World } from './world.ts'

/** Log, store, sockets, pipes to workers, configuration, and what the runtime itself keeps open. */
const ownFiles = 128
const fewest = 8
/** More than one process of Node serves at once. */
const usualMost = 10_000

/**
 * @param listen     `listen` of the settings
 * @param openFiles  how many files the process may have open; undefined when that is not known or not limited
 * @returns how many connections of clients may be open at once
 */
export function roomForConnections(
  { maxConnections }: Pick<Settings['listen'], 'maxConnections'>,
  openFiles: number | undefined,
  world: Pick<World, 'warn'>,
): number {
  // Each may bring another one, to an upstream.
  const most = openFiles === undefined ? Infinity : Math.max(fewest, Math.floor((openFiles - ownFiles) / 2))
  if (maxConnections === undefined) return Math.min(most, usualMost)
  if (maxConnections > most)
    world.warn(
      `listen.maxConnections is ${maxConnections}, but this process may open only ${openFiles} files: ${most} connections are served at once; raise the limit (ulimit -n, LimitNOFILE)`,
    )
  return Math.min(most, maxConnections)
}

/** The limit of open files of this process; undefined when there is none. */
export function limitOfOpenFiles(): number | undefined {
  // Its section on the network would ask for the names of addresses. Node has it since 22; its types do not yet.
  Reflect.set(process.report, 'excludeNetwork', true)
  const report: unknown = process.report.getReport()
  if (typeof report !== 'object' || report === null || !('userLimits' in report)) return undefined
  const { userLimits } = report
  if (typeof userLimits !== 'object' || userLimits === null || !('open_files' in userLimits)) return undefined
  const { open_files: files } = userLimits
  if (typeof files !== 'object' || files === null || !('soft' in files)) return undefined
  return typeof files.soft === 'number' ? files.soft : undefined
}
