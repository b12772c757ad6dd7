// Short names in an answer (ids, the model, unknown keys): inspected like its texts. Nothing in them can be masked,
// since clients compare them and send them back; so one that would have to be masked stops the answer.
import type { Part } from '#wire'
import { type Exchange, established } from '../exchange.ts'
import type { House } from '../house.ts'
import { inspectPiece } from '../stages/inspect-response.ts'
import { AnswerBlocked } from './text-stage.ts'

/**
 * A check of the names of one answer; in a stream, nearly all of a chunk's names are those of the first.
 *
 * @returns throws AnswerBlocked when one of the names holds what must not be delivered
 */
export function createNameScreen(exchange: Exchange, house: House): (names: readonly Part[]) => void {
  const passed = new Set<string>()
  return (names) => {
    const fresh = names.filter(({ text }) => !passed.has(text))
    if (fresh.length === 0) return
    // Together first: most of what it costs to inspect a short text is to begin.
    if (!isClean(house, fresh.map(({ text }) => text).join('\n')))
      for (const name of fresh) if (inspectPiece(exchange, house, name, name.text) !== name.text) throw revealing()
    if (passed.size < maxPassed) for (const { text } of fresh) passed.add(text)
  }
}

/** Enough for any honest stream; beyond it, names are inspected again. */
const maxPassed = 1024

function isClean(house: House, text: string): boolean {
  const inspector = house.inspector.stream({ channel: 'assistant', contentType: 'text', direction: 'response' })
  const { text: seen, blocked } = inspector.push(text, true)
  return seen.verdicts.length === 0 && blocked === undefined
}

/** Whether a name holds nothing that would have to be masked or blocked. */
export async function isHarmless(exchange: Exchange, house: House, name: string): Promise<boolean> {
  const { tenant } = established(exchange.principal, 'a principal')
  const input = { text: name, channel: 'assistant', contentType: 'text', direction: 'response' } as const
  const verdicts = await house.inspector.inspect(input, { tenant })
  return !verdicts.some(({ action }) => action === 'mask' || action === 'block')
}

function revealing(): AnswerBlocked {
  return new AnswerBlocked({
    status: 403,
    code: 'answer_blocked',
    message: 'The answer was blocked: an id or another name in it holds what would have to be masked.',
    rule: 'inspect response: revealing_name',
  })
}
