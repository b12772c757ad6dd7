/**
 * Inspects one lane of a stream while it flows. Text is released as soon as nothing that may follow could change what was
 * found in it: the held tail is the shortest that the detectors allow, and verdicts are those of the whole text.
 */
import { type Actions, actionFor } from './actions.ts'
import type { Detector, Match, Source, StreamDetection, Verdict } from './detector.ts'
import { InspectError } from './error.ts'
import { type Folded, fold, originalSpan } from './fold.ts'
import { resolveOverlaps } from './overlap.ts'

export interface StreamInspector {
  /**
   * Takes the next piece of text and returns what may go out.
   *
   * @param final whether this was the last piece, so that nothing is held back
   * @throws InspectError 'match_too_long' when the tail outgrew the longest match, 'detector_failed', 'stream_ended'; the
   *   stream is then over and the tail stays withheld
   */
  push(delta: string, final?: boolean): StreamOutput
  /** Ends the lane; returns the held tail. The same as pushing an empty last piece. */
  end(): StreamOutput
  /** UTF-16 units of the original text that are held back now. */
  readonly held: number
}

export interface StreamOutput {
  readonly text: {
    /** Original text that may go out, once the verdicts' actions are applied to it. */
    readonly value: string
    /** Ordered by start; offsets into `value`. */
    readonly verdicts: readonly Verdict[]
  }
  /** Set when a match is to be blocked: what stood before it is in `text`, nothing after it will come out. */
  readonly blocked?: Verdict
}

/** Normalised characters of what was released that detectors may look back on. */
const CONTEXT = 256
/** A held tail beyond this is looked at again only when it can have been decided, or has grown by a quarter. */
const PATIENT_FROM = 256
/** Original characters for one normalised character, beyond which a text only hides; bounds what is held. */
const MAX_BLOAT = 2

interface StreamingDetector {
  readonly detector: Detector
  readonly stream: StreamDetection
}

export function createStream(detectors: readonly Detector[], actions: Actions, source: Source): StreamInspector {
  const streaming = detectors.flatMap((detector) =>
    detector.stream === undefined ? [] : [{ detector, stream: detector.stream }],
  )
  return new Lane(streaming, actions, source)
}

class Lane implements StreamInspector {
  readonly #detectors: readonly StreamingDetector[]
  readonly #actions: Actions
  readonly #source: Source
  /** Longest match of any detector. */
  readonly #longest: number
  /** Normalised form of what was released last. */
  #context = ''
  /** Original text not yet released. */
  #held = ''
  /** Length of the held text at which it is looked at again in any case. */
  #patience = 0
  #isOver = false

  constructor(detectors: readonly StreamingDetector[], actions: Actions, source: Source) {
    this.#detectors = detectors
    this.#actions = actions
    this.#source = source
    this.#longest = Math.max(CONTEXT, ...detectors.map(({ stream }) => stream.maxLength))
  }

  get held(): number {
    return this.#held.length
  }

  end(): StreamOutput {
    return this.push('', true)
  }

  push(delta: string, final = false): StreamOutput {
    if (this.#isOver) throw new InspectError('stream_ended', 'text was pushed into a stream that is over')
    this.#held += delta
    if (!final && this.#held.length < this.#patience && UNDECIDING.test(delta)) return NOTHING
    this.#isOver = true // until this push has gone well
    const output = this.#scan(final)
    this.#isOver = final || output.blocked !== undefined
    return output
  }

  #scan(final: boolean): StreamOutput {
    const folded = fold(this.#held, this.#source.contentType, this.#context.slice(-1), final)
    const from = this.#context.length
    const text = this.#context + folded.text
    const verdicts: Verdict[] = []
    let pending = text.length
    for (const { detector, stream } of this.#detectors) {
      const found = runScan(detector, stream, { text, from, final }, this.#source)
      if (text.length - found.pending > stream.maxLength) throw tooLong(detector)
      if (found.pending < pending) pending = found.pending
      for (const match of found.matches) verdicts.push(this.#toVerdict(detector, match, folded, from))
    }
    return this.#release(folded, text, pending, verdicts, final)
  }

  #toVerdict(detector: Detector, match: Match, folded: Folded, from: number): Verdict {
    return {
      ...match,
      ...originalSpan(folded, match.start - from, match.end - from),
      detector: detector.id,
      version: detector.version,
      category: detector.category,
      action: actionFor(this.#actions, this.#source.direction, detector.category, match.kind),
    }
  }

  #release(folded: Folded, text: string, pending: number, verdicts: Verdict[], final: boolean): StreamOutput {
    const from = this.#context.length
    let cut = final ? this.#held.length : Math.min(folded.settled, originalStart(folded, pending - from))
    // A decided match that reaches into the tail may yet be joined with what the tail becomes.
    for (let moved = true; moved; ) {
      moved = false
      for (const { start, end } of verdicts) {
        if (start < cut && end > cut) {
          cut = start
          moved = true
        }
      }
    }
    const value = this.#held.slice(0, cut)
    const decided = verdicts.length === 0 ? verdicts : resolveOverlaps(verdicts.filter(({ end }) => end <= cut))
    this.#held = this.#held.slice(cut)
    if (this.#held.length > MAX_BLOAT * this.#longest)
      throw new InspectError('match_too_long', 'a stream held more text than any match can have')
    this.#patience = this.#held.length < PATIENT_FROM ? 0 : Math.min(Math.ceil(this.#held.length * 1.25), this.#longest)
    const kept = cut === value.length && this.#held === '' ? text.length : from + normalisedLength(folded, cut)
    this.#context = text.slice(Math.max(0, kept - CONTEXT), kept)
    return output(value, decided)
  }
}

/** Only characters of which long tokens are made: they end no token, so they decide nothing about a long held tail. */
const UNDECIDING = /^[A-Za-z0-9+/=_]*$/
const NOTHING: StreamOutput = { text: { value: '', verdicts: [] } }

function runScan(
  detector: Detector,
  stream: StreamDetection,
  window: { text: string; from: number; final: boolean },
  source: Source,
) {
  try {
    return stream.scan(window, source)
  } catch (cause) {
    throw new InspectError('detector_failed', `detector ${detector.id} failed`, detector.id, cause)
  }
}

function tooLong(detector: Detector): InspectError {
  return new InspectError(
    'match_too_long',
    `the text held for detector ${detector.id} is longer than its longest match`,
    detector.id,
  )
}

/** Original offset of a normalised one, which may be the end of the text. */
function originalStart(folded: Folded, index: number): number {
  return index >= folded.text.length ? folded.settled : originalSpan(folded, index, index).start
}

/** How many normalised characters come from the original before `cut`. */
function normalisedLength(folded: Folded, cut: number): number {
  const { starts } = folded
  if (starts === undefined) return cut
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) < cut) low = middle + 1
    else high = middle
  }
  return low
}

function output(value: string, verdicts: readonly Verdict[]): StreamOutput {
  const blocked = verdicts.find(({ action }) => action === 'block')
  if (blocked === undefined) return { text: { value, verdicts } }
  const before = verdicts.filter(({ end }) => end <= blocked.start)
  return { text: { value: value.slice(0, blocked.start), verdicts: before }, blocked }
}
