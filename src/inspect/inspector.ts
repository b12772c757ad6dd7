/** Puts detectors together: runs them over a text, asks policy for the action, resolves overlaps, remembers the verdicts. */
import { type Actions, actionFor } from './actions.ts'
import { VerdictCache } from './cache.ts'
import type { Detector, InspectInput, Match, Source, Verdict } from './detector.ts'
import { InspectError } from './error.ts'
import { type Normalised, normalise } from './normalise.ts'
import { resolveOverlaps } from './overlap.ts'
import { createStream, type StreamInspector } from './stream.ts'

export interface InspectorOptions {
  readonly detectors: readonly Detector[]
  readonly actions: Actions
  /** Verdict lists to remember, least recently used ones are forgotten; 0 for none. */
  readonly cacheEntries: number
  /** How long a detector may take over one text, in ms. */
  readonly timeLimitMs: number
  /** Clock in ms; only differences are used. */
  readonly now: () => number
  /** Told when a synchronous detector, which cannot be interrupted, took longer than the limit. */
  readonly onOverrun?: (detector: string, tookMs: number) => void
}

export interface Inspector {
  /** Whether verdicts may be remembered. */
  readonly remembers: boolean
  /**
   * Verdicts on a complete text, ordered by start, offsets in the original text. Synchronous unless a detector is not.
   * Throws (or rejects with) `InspectError` 'detector_failed' or 'detector_timeout'; the text then counts as not scanned.
   */
  inspect(input: InspectInput, scope: Scope): readonly Verdict[] | Promise<readonly Verdict[]>
  /** Begins the inspection of one lane of a stream. */
  stream(source: Source): StreamInspector
}

/** Whose text it is: verdicts are never shared between tenants. */
export interface Scope {
  readonly tenant: string
}

export function createInspector(options: InspectorOptions): Inspector {
  const { detectors, actions } = options
  const versions = detectors.map(({ id, version }) => `${id}@${version}`).join(',')
  const cache = new VerdictCache(options.cacheEntries, `${versions}\n${JSON.stringify(actions)}`)

  function inspect(input: InspectInput, { tenant }: Scope): readonly Verdict[] | Promise<readonly Verdict[]> {
    const key = cache.key(input, tenant)
    const known = cache.get(key)
    if (known !== undefined) return known
    const text = normalise(input.text, input.contentType)
    const found = runAll(detectors, text, input, options)
    if (isComplete(found)) return cache.put(key, judge(found, text, input))
    return Promise.all(found).then((all) => cache.put(key, judge(all, text, input)))
  }

  function judge(found: readonly (readonly Match[])[], text: Normalised, source: Source): readonly Verdict[] {
    const verdicts = found.flatMap((matches, index) => {
      const detector = detectors[index]
      return detector === undefined ? [] : matches.map((match) => toVerdict(detector, match, text, source))
    })
    return resolveOverlaps(verdicts)
  }

  function toVerdict(detector: Detector, match: Match, text: Normalised, source: Source): Verdict {
    return {
      ...match,
      ...text.original(match.start, match.end),
      detector: detector.id,
      version: detector.version,
      category: detector.category,
      action: actionFor(actions, source.direction, detector.category, match.kind),
    }
  }

  return { remembers: options.cacheEntries > 0, inspect, stream: (source) => createStream(detectors, actions, source) }
}

type Found = readonly Match[]

/** Starts every detector. When one throws at once, what the others still work on is dropped. */
function runAll(
  detectors: readonly Detector[],
  text: Normalised,
  source: Source,
  options: InspectorOptions,
): (Found | Promise<Found>)[] {
  const found: (Found | Promise<Found>)[] = []
  try {
    for (const detector of detectors) found.push(run(detector, text, source, options))
  } catch (error) {
    for (const each of found) if (each instanceof Promise) each.catch(() => {})
    throw error
  }
  return found
}

function isComplete(found: readonly (Found | Promise<Found>)[]): found is readonly Found[] {
  return !found.some((each) => each instanceof Promise)
}

/** Runs one detector and turns whatever goes wrong into an InspectError. */
function run(
  detector: Detector,
  text: Normalised,
  source: Source,
  options: InspectorOptions,
): readonly Match[] | Promise<readonly Match[]> {
  const started = options.now()
  let result: readonly Match[] | Promise<readonly Match[]>
  try {
    result = detector.detect(text, source)
  } catch (cause) {
    throw failed(detector, cause)
  }
  if (result instanceof Promise) return withinLimit(detector, result, text, options.timeLimitMs)
  const took = options.now() - started
  if (took > options.timeLimitMs) options.onOverrun?.(detector.id, took)
  return checked(detector, result, text)
}

async function withinLimit(
  detector: Detector,
  result: Promise<readonly Match[]>,
  text: Normalised,
  limitMs: number,
): Promise<readonly Match[]> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      reject(
        new InspectError(
          'detector_timeout',
          `detector ${detector.id} did not answer within ${limitMs} ms`,
          detector.id,
        ),
      ),
    limitMs,
  )
  try {
    return checked(detector, await Promise.race([result, late]), text)
  } catch (error) {
    throw error instanceof InspectError ? error : failed(detector, error)
  } finally {
    clearTimeout(timer)
  }
}

/** A span outside the text would mask the wrong place or nothing. */
function checked(detector: Detector, matches: readonly Match[], text: Normalised): readonly Match[] {
  for (const { start, end } of matches) {
    if (!(start >= 0 && start < end && end <= text.text.length))
      throw failed(detector, new RangeError(`span [${start}, ${end}) is outside the text`))
  }
  return matches
}

function failed(detector: Detector, cause: unknown): InspectError {
  return new InspectError('detector_failed', `detector ${detector.id} failed`, detector.id, cause)
}
