// What must not leave is replaced by placeholders, in place; all other bytes stay as they came.
import { type ProtectedSpan, placeholderType } from '#privacy'
import { type Part, replaceParts } from '#wire'
import { type Exchange, established, type LocatedVerdict, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

export function transform(exchange: Exchange, house: House): Refusal | undefined | Promise<undefined> {
  if (exchange.format === undefined) return undefined
  const asked = established(exchange.asked, 'a parsed request')
  exchange.outbound = exchange.body
  const masks = masksByPath(exchange.verdicts, house.settings.privacy.types)
  if (asked.parts.some(({ signed, path }) => signed !== undefined && masks.has(path))) return signedContent
  // A placeholder that the client wrote itself has to be escaped, so a part with a bracket is looked at too. Signed text
  // stays: nothing stands for a value in it, since its placeholders are not among those of this exchange.
  const concerned = asked.parts.filter(
    ({ signed, path, text }) => signed === undefined && (masks.has(path) || text.includes('[')),
  )
  return concerned.length === 0 ? undefined : replaceIn(exchange, house, concerned, masks)
}

const signedContent: Refusal = {
  status: 400,
  code: 'signed_content',
  message:
    'The request brings back a thought of the model that holds what must be masked. It is signed, so it cannot be changed: leave the block out.',
  rule: 'transform: signed_content',
}

async function replaceIn(exchange: Exchange, house: House, parts: readonly Part[], masks: Masks): Promise<undefined> {
  const { tenant, keyId } = established(exchange.principal, 'a principal')
  // A client names its session, but only among its own: the key is part of the name.
  const session = { tenant, session: JSON.stringify([keyId, exchange.session ?? null]) }
  const texts = parts.map(({ path, text }) => ({ text, spans: masks.get(path) ?? [] }))
  // Without a name the session is everybody's who uses the key, and what one of them was given is not another's to send.
  const results = await house.protect({ session, texts, recognise: exchange.session !== undefined })
  const edits: { part: Part; text: string }[] = []
  for (const [at, part] of parts.entries()) {
    const result = established(results[at], 'a text without what must not leave')
    for (const [placeholder, value] of result.placeholders) exchange.placeholders.set(placeholder, value)
    if (result.text !== part.text) edits.push({ part, text: result.text })
  }
  exchange.edits = edits
  exchange.outbound = replaceParts(exchange.body, edits)
}

type Masks = ReadonlyMap<string, readonly ProtectedSpan[]>

function masksByPath(verdicts: readonly LocatedVerdict[], types: Readonly<Record<string, string>>): Masks {
  const byPath = new Map<string, { start: number; end: number; type: string }[]>()
  for (const { action, exactPath, category, kind, start, end } of verdicts) {
    if (action !== 'mask') continue
    const span = { start, end, type: placeholderType(kind, category, types) }
    const spans = byPath.get(exactPath)
    if (spans === undefined) byPath.set(exactPath, [span])
    else spans.push(span)
  }
  return byPath
}
