// The model's name in an answer: where an upstream has its own name for a model, the client gets the one that it asked
// for. Nothing else of the answer changes, and a name that is neither stays.
import type { Part } from '#wire'
import type { Exchange } from '../exchange.ts'

/** What to write over the names of a whole answer. */
export function renamedParts(exchange: Exchange, names: readonly Part[]): { part: Part; text: string }[] {
  const renaming = renamingOf(exchange)
  if (renaming === undefined) return []
  return names
    .filter(({ path, text }) => path === '/model' && text === renaming.own)
    .map((part) => ({ part, text: renaming.asked }))
}

/** Writes over the name in an event; undefined when there is nothing to write. */
export function createEventRenamer(exchange: Exchange): ((event: Uint8Array) => Uint8Array) | undefined {
  const renaming = renamingOf(exchange)
  if (renaming === undefined) return undefined
  // In a text of the event the quotes would be escaped, so this can only be the member itself. Servers write it with a
  // space or without.
  const forms = ['"model":', '"model": '].map((key) => key + JSON.stringify(renaming.own))
  const asked = Buffer.from(JSON.stringify(renaming.asked))
  return (bytes) => {
    const event = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (const form of forms) {
      const at = event.indexOf(form)
      if (at < 0) continue
      const end = at + form.length
      return Buffer.concat([event.subarray(0, end - renaming.own.length - 2), asked, event.subarray(end)])
    }
    return bytes
  }
}

function renamingOf({ asked, candidates, upstream }: Exchange): { own: string; asked: string } | undefined {
  const route = candidates.find((candidate) => candidate.upstream === upstream)
  if (asked === undefined || route === undefined) return undefined
  const own = route.nameOf(asked.model)
  return own === asked.model ? undefined : { own, asked: asked.model }
}
