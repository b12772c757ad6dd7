// The event that holds the basis of a decision: at the index that the decision names, or, for the first decisions on it,
// a little before them.
import { type LogLocation, readEntries, readEntry } from '#audit'

// A basis is written with the decision that names it first; only what is in the same few writes comes in between.
const lookBack = 4096

/**
 * @param decision  index of the entry that names the basis
 * @returns the event, unchecked (see readBasis); undefined when it is not there
 * @throws LogError as readEntries
 */
export async function findBasis(
  location: LogLocation,
  { digest, entry }: { readonly digest: string; readonly entry: number | undefined },
  decision: number,
): Promise<unknown> {
  const named = entry === undefined ? undefined : (await readEntry(location, entry))?.event
  if (named !== undefined && isAbout(named, digest)) return named
  let found: unknown
  for await (const { event } of readEntries({ ...location, from: Math.max(0, decision - lookBack), to: decision })) {
    if (isAbout(event, digest)) found = event
  }
  return found
}

function isAbout(event: unknown, digest: string): boolean {
  const entity = typeof event === 'object' && event !== null && 'entity' in event ? event.entity : undefined
  return typeof entity === 'object' && entity !== null && 'uid' in entity && entity.uid === digest
}
