// Stage 10: what does the model say? Masks are final here: what the model brought up itself is nobody's to restore.
import type { StreamOutput } from '#inspect'
import { AnswerBlocked, type Lane, type TextStage } from '../answer/text-stage.ts'
import { type Exchange, noteVerdicts } from '../exchange.ts'
import type { House } from '../house.ts'
import { explain } from './inspect-request.ts'

export function inspectResponse(exchange: Exchange, house: House, lane: Lane): TextStage {
  const { channel, contentType } = lane
  const inspector = house.inspector.stream({ channel, contentType, direction: 'response' })
  const take = ({ text: released, blocked: block }: StreamOutput): string => {
    if (released.verdicts.length > 0) noteVerdicts(exchange, 'response', lane, released.verdicts)
    if (block !== undefined) {
      noteVerdicts(exchange, 'response', lane, [block])
      throw new AnswerBlocked({
        status: 403,
        code: 'answer_blocked',
        message: `The answer was blocked: ${explain(block.category, block.kind)} was found in it.`,
        rule: `${block.detector}@${block.version}: ${block.kind}`,
      })
    }
    return released.verdicts.length === 0 ? released.value : redact(released.value, released.verdicts)
  }
  return { push: (text) => take(inspector.push(text)), end: () => take(inspector.end()) }
}

function redact(
  text: string,
  verdicts: readonly { action: string; kind: string; start: number; end: number }[],
): string {
  let result = ''
  let from = 0
  for (const { action, kind, start, end } of verdicts) {
    if (action !== 'mask' || start < from) continue
    result += `${text.slice(from, start)}[${kind.replaceAll('_', ' ')} removed]`
    from = end
  }
  return result + text.slice(from)
}
