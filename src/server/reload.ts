// A new configuration while exchanges run: read whole, checked, built, put on record, and only then used. Whatever is
// wrong on the way leaves the old one where it is.
import { type Actor, entityManagement } from '#audit'
import { describeIssue } from '#policy'
import { changedPaths, needsRestart, withoutRestart } from './changes.ts'
import { digestOf, type ReadSettings, readSettings } from './configuration.ts'
import { type ConfigurationReader, type Recording, record } from './recording.ts'
import type { Furnishing, Prepared } from './serving.ts'
import type { Shared } from './shared.ts'
import type { World } from './world.ts'

/** Who asked for it: a change on the disk, SIGHUP, or `holdfast config reload`. */
export type ReloadTrigger = 'file' | 'signal' | 'command'

export type ReloadResult =
  | { readonly outcome: 'unchanged' }
  /** `waiting`: of `changed`, what takes effect at the next start. */
  | { readonly outcome: 'applied'; readonly changed: readonly string[]; readonly waiting: readonly string[] }
  | { readonly outcome: 'refused'; readonly reason: string }

export interface Configured extends ReadSettings {
  readonly file: string
  readonly recording: Recording
}

/** @throws as `readSettings` */
export async function readConfigured(file: string, reader: ConfigurationReader): Promise<Configured> {
  const recorder = record(reader)
  return { ...(await readSettings(file, recorder.reader)), file, recording: recorder.recording }
}

export interface Reloader {
  /** Never rejects. Calls are answered one after another; each reads what is there when its turn comes. */
  reload(trigger: ReloadTrigger): Promise<ReloadResult>
  /** What was read by the newest attempt, whether or not it could be used. */
  readonly lastRead: Recording
}

export interface ReloaderOptions {
  readonly running: Configured
  readonly reader: ConfigurationReader
  readonly record: Shared['record']
  /** Builds what the settings say, everywhere where requests are served. */
  readonly prepare: (next: Furnishing & { readonly recording: Recording }) => Promise<Prepared>
  readonly world: World
}

export function createReloader(options: ReloaderOptions): Reloader {
  const { reader, world } = options
  /** As it was read; what needs a restart is not in use. */
  let known = options.running
  let inUse = options.running.settings
  let lastRead = options.running.recording
  let turn: Promise<unknown> = Promise.resolve()

  async function attempt(trigger: ReloadTrigger): Promise<ReloadResult> {
    const recorder = record(reader)
    lastRead = recorder.recording
    let next: Configured
    let changed: readonly string[]
    let prepared: Prepared
    let settings: typeof inUse
    try {
      next = { ...(await readSettings(known.file, recorder.reader)), file: known.file, recording: recorder.recording }
      changed = [...changedPaths(known.settings, next.settings), ...changedPolicies(known, next)]
      if (changed.length === 0) return { outcome: 'unchanged' }
      settings = withoutRestart(inUse, next.settings)
      for (const warning of next.policies.warnings) world.warn(describeIssue(warning))
      prepared = await options.prepare({ settings, policies: next.policies, recording: next.recording })
    } catch (error) {
      return refuse(trigger, error instanceof Error ? error.message : String(error))
    }
    const waiting = changed.filter(needsRestart)
    try {
      const [before, after] = [
        { ...known, settings: inUse },
        { ...next, settings },
      ]
      await options.record(changeOf(before, after, { trigger, changed, waiting }, world))
    } catch {
      await prepared.discard()
      return refuse(trigger, 'the change could not be put on record')
    }
    await prepared.commit()
    known = next
    inUse = settings
    for (const path of waiting) world.warn(`${known.file}: ${path} has changed and takes effect at the next start`)
    return { outcome: 'applied', changed, waiting }
  }

  async function refuse(trigger: ReloadTrigger, reason: string): Promise<ReloadResult> {
    world.warn(`the configuration stays as it was: ${reason}`)
    await options
      .record(refusalOf({ ...known, settings: inUse }, trigger, reason, world))
      .catch((error) => world.report('a refused configuration could not be put on record', error))
    return { outcome: 'refused', reason }
  }

  return {
    reload(trigger) {
      const result = turn.then(() => attempt(trigger))
      turn = result
      return result
    },
    get lastRead() {
      return lastRead
    },
  }
}

function changedPolicies(before: Configured, after: Configured): string[] {
  const names = changedPaths(Object.fromEntries(before.recording.listed), Object.fromEntries(after.recording.listed))
  return [...new Set(names.map((path) => `policy: ${path.replace(/\.(?:value|code)$/, '').replace(/^.*\//, '')}`))]
}

/** An entry of the log has a bound, and nobody reads more. */
const maxPaths = 100
const maxReason = 4000

/** Both as they are used, without what waits for the next start. */
function changeOf(
  before: Configured,
  after: Configured,
  change: { readonly trigger: ReloadTrigger; readonly changed: readonly string[]; readonly waiting: readonly string[] },
  world: World,
) {
  const { trigger, changed, waiting } = change
  return entityManagement({
    ...commonFields(trigger, world),
    entity: {
      type: 'configuration',
      uid: after.file,
      version: digestOf(after.settings),
      data: {
        changed: changed.slice(0, maxPaths),
        changed_count: changed.length,
        at_next_start: waiting.slice(0, maxPaths),
        digest_before: digestOf(before.settings),
        digest_after: digestOf(after.settings),
        policies_before: before.policies.digest,
        policies_after: after.policies.digest,
      },
    },
    status: 'success',
  })
}

function refusalOf(running: Configured, trigger: ReloadTrigger, reason: string, world: World) {
  return entityManagement({
    ...commonFields(trigger, world),
    entity: { type: 'configuration', uid: running.file, version: digestOf(running.settings) },
    status: 'failure',
    statusDetail: reason.slice(0, maxReason),
  })
}

function commonFields(trigger: ReloadTrigger, world: World) {
  return {
    time: world.now(),
    uid: world.id('ev'),
    activity: 'update',
    actor: trigger === 'file' ? itself : operator,
    comment: triggers[trigger],
  } as const
}

const itself: Actor = { principal: 'holdfast', kind: 'system' }
const operator: Actor = { principal: 'operator', kind: 'admin' }

const triggers: Readonly<Record<ReloadTrigger, string>> = {
  file: 'a file has changed',
  signal: 'SIGHUP',
  command: 'holdfast config reload',
}
