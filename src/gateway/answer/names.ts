// Short names in an answer (ids, the model, unknown keys): inspected like its texts. Nothing in them can be masked,
// since clients compare them and send them back; so one that would have to be masked stops the answer.
import type { Part } from '#wire'
import { type Exchange, established } from '../exchange.ts'
import type { House } from '../house.ts'
import { inspectPiece, inspectWhole } from '../stages/inspect-response.ts'
import { AnswerBlocked } from './text-stage.ts'

/** @throws AnswerBlocked when one holds what must not be delivered */
export async function screenNames(exchange: Exchange, house: House, names: readonly Part[]): Promise<void> {
  for (const name of names) {
    if ((await inspectWhole(exchange, house, name, name.text)) !== name.text) throw revealing()
  }
}

/** As `screenNames`, for the chunks of one stream: nearly all of their names are those of the first. */
export function createNameScreen(exchange: Exchange, house: House): (names: readonly Part[]) => void {
  const passed = new Set<string>()
  return (names) => {
    for (const name of names) {
      if (passed.has(name.text)) continue
      if (inspectPiece(exchange, house, name, name.text) !== name.text) throw revealing()
      if (passed.size < maxPassed) passed.add(name.text)
    }
  }
}

const maxPassed = 1024

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
