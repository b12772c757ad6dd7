// Agents send their whole history again with every step. What of a long request came before, byte for byte and up to the
// end of a message, was inspected then: one pass of SHA-256 over the body, which the log needs anyway, finds it again.
import { createHash, type Hash } from 'node:crypto'
import type { Inspector, Verdict } from '#inspect'
import type { ModelRequest } from '#wire'

/** Below this, a look at each part costs no more. */
const leastBytes = 16 * 1024
/** How many of the last messages may be new. Each place costs a digest. */
const places = 8
const capacity = 10_000

/** Verdicts on the first parts of a request, by the index of the part; most have none. */
export interface KnownPassage {
  readonly parts: number
  readonly verdicts: ReadonlyMap<number, readonly Verdict[]>
}

export interface Passages {
  /** SHA-256 of the body, hex. */
  readonly digest: string
  /** The longest beginning that was inspected before; undefined when none was. */
  readonly known: KnownPassage | undefined
  /** Remembers the verdicts on everything up to the last message. */
  remember(verdictsOf: (part: number) => readonly Verdict[]): void
}

/** What an inspector remembers lives as long as it does: other detectors, other verdicts. */
const memories = new WeakMap<Inspector, Map<string, KnownPassage>>()

/** @returns undefined for a short request, one that is not a row of messages, and when nothing is to be remembered */
export function findPassages(
  asked: ModelRequest,
  inspector: Inspector,
  scope: { readonly operation: string; readonly tenant: string },
): Passages | undefined {
  const { body } = asked
  if (body.length < leastBytes || !inspector.remembers) return undefined
  const ends = lastEnds(asked)
  if (ends.length === 0) return undefined
  const memory = memoryOf(inspector)
  const hash = createHash('sha256')
  let hashed = 0
  const found = ends.map(({ end, parts }) => {
    hash.update(body.subarray(hashed, end))
    hashed = end
    return { key: keyOf(hash, scope), parts }
  })
  const digest = hash.update(body.subarray(hashed)).digest('hex')
  const known = found.findLast(({ key }) => memory.has(key))
  const last = found.at(-1)
  return {
    digest,
    known: known && recall(memory, known.key),
    remember(verdictsOf) {
      if (last === undefined || memory.has(last.key)) return
      const verdicts = new Map<number, readonly Verdict[]>()
      for (let part = 0; part < last.parts; part++)
        if (verdictsOf(part).length > 0) verdicts.set(part, verdictsOf(part))
      memory.set(last.key, { parts: last.parts, verdicts })
      if (memory.size > capacity) for (const oldest of memory.keys()) return void memory.delete(oldest)
    },
  }
}

/**
 * Where the last messages end, and how many parts lie before. A place counts only when every part is wholly on one side
 * of it, in order: then the bytes before it say everything about the parts before it.
 */
function lastEnds({ blocks, parts }: ModelRequest): { end: number; parts: number }[] {
  for (let index = 1; index < parts.length; index++)
    if ((parts[index]?.start ?? 0) < (parts[index - 1]?.end ?? 0)) return []
  return blocks
    .filter(({ path }) => path.startsWith('/messages/'))
    .slice(-places)
    .map(({ end, endPart }) => ({ end, parts: endPart }))
    .filter(({ end, parts: count }, index, list) => {
      const before = parts[count - 1]
      const behind = parts[count]
      const isOrdered = index === 0 || (list[index - 1]?.end ?? 0) < end
      return isOrdered && (before === undefined || before.end <= end) && (behind === undefined || behind.start >= end)
    })
}

/** The same bytes mean the same only to the same reader, and a tenant learns nothing of another's history. */
function keyOf(hash: Hash, { operation, tenant }: { operation: string; tenant: string }): string {
  return `${hash.copy().digest('base64')} ${operation} ${tenant}`
}

function memoryOf(inspector: Inspector): Map<string, KnownPassage> {
  const found = memories.get(inspector)
  if (found !== undefined) return found
  const made = new Map<string, KnownPassage>()
  memories.set(inspector, made)
  return made
}

/** The most recently used come last. */
function recall(memory: Map<string, KnownPassage>, key: string): KnownPassage | undefined {
  const known = memory.get(key)
  if (known === undefined) return undefined
  memory.delete(key)
  memory.set(key, known)
  return known
}
