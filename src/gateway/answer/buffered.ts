// An answer that comes whole: parsed, its texts walked through the text stages, changed in place, sent.
import { type Part, replaceParts } from '#wire'
import { type Exchange, established } from '../exchange.ts'
import type { House } from '../house.ts'
import { screenWhole } from './lanes.ts'
import { renamedParts } from './model-name.ts'
import { createNameScreen } from './names.ts'

/**
 * The bytes that may go to the client for an upstream's JSON answer: its own bytes when nothing had to change.
 *
 * @throws WireError when the answer is not JSON of the expected shape
 * @throws AnswerBlocked when it must not be delivered
 */
export async function screenAnswer(exchange: Exchange, house: House, body: Uint8Array): Promise<Uint8Array> {
  const format = established(exchange.format, 'a format')
  const answer = format.parseResponse(body, house.settings.wire)
  exchange.usage = answer.usage ?? exchange.usage
  for (const { path, text } of answer.parts) exchange.budget?.meter.note(path, text)
  exchange.budget?.meter.end()
  createNameScreen(exchange, house)(answer.names)
  const edits = await editsOf(exchange, house, answer.parts)
  return format.replaceInResponse(answer, [...edits, ...renamedParts(exchange, answer.names)])
}

/** As `screenAnswer`, for an upstream's error object. */
export async function screenError(exchange: Exchange, house: House, body: Uint8Array): Promise<Uint8Array> {
  const { parts } = established(exchange.format, 'a format').parseErrorBody(body, house.settings.wire)
  return replaceParts(body, await editsOf(exchange, house, parts))
}

async function editsOf(
  exchange: Exchange,
  house: House,
  parts: readonly Part[],
): Promise<{ part: Part; text: string }[]> {
  const edits: { part: Part; text: string }[] = []
  for (const part of parts) {
    const text = await screenWhole(exchange, house, part, part.text)
    if (text !== part.text) edits.push({ part, text })
  }
  return edits
}
