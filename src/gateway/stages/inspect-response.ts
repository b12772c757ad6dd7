// What does the model say? Masks are final here: what the model brought up itself is nobody's to restore.
import type { Verdict } from '#inspect'
import { AnswerBlocked, type Lane, type TextStage } from '../answer/text-stage.ts'
import { type Exchange, established, noteVerdicts } from '../exchange.ts'
import type { House } from '../house.ts'
import { explain } from './inspect-request.ts'

/** A text that arrives piece by piece. Detectors that need all of it do not see it. */
export function inspectResponse(exchange: Exchange, house: House, lane: Lane): TextStage {
  const { channel, contentType } = lane
  const inspector = house.inspector.stream({ channel, contentType, direction: 'response' })
  const take = ({ text, blocked }: ReturnType<typeof inspector.push>): string => {
    judge(exchange, lane, blocked === undefined ? text.verdicts : [...text.verdicts, blocked])
    return redact(text.value, text.verdicts)
  }
  return { push: (text) => take(inspector.push(text)), end: () => take(inspector.end()) }
}

/** A text in a stream that is complete in itself. */
export function inspectPiece(exchange: Exchange, house: House, lane: Lane, text: string): string {
  const stage = inspectResponse(exchange, house, lane)
  return stage.push(text) + stage.end()
}

/** A text that is complete: every detector sees it, decoded views included. */
export async function inspectWhole(exchange: Exchange, house: House, lane: Lane, text: string): Promise<string> {
  const { channel, contentType } = lane
  const { tenant } = established(exchange.principal, 'a principal')
  const verdicts = await house.inspector.inspect({ text, channel, contentType, direction: 'response' }, { tenant })
  judge(exchange, lane, verdicts)
  return redact(text, verdicts)
}

function judge(exchange: Exchange, lane: Lane, verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return
  noteVerdicts(exchange, 'response', lane, verdicts)
  const block = verdicts.find(({ action }) => action === 'block')
  if (block === undefined) return
  throw new AnswerBlocked({
    status: 403,
    code: 'answer_blocked',
    message: `The answer was blocked: ${explain(block.category, block.kind)} was found in it.`,
    rule: `${block.detector}@${block.version}: ${block.kind}`,
  })
}

function redact(text: string, verdicts: readonly Verdict[]): string {
  let result = ''
  let from = 0
  for (const { action, kind, start, end } of verdicts) {
    if (action !== 'mask' || start < from) continue
    result += `${text.slice(from, start)}[${kind.replaceAll('_', ' ')} removed]`
    from = end
  }
  return from === 0 ? text : result + text.slice(from)
}
