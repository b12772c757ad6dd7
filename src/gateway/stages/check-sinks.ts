// Stage 11, once more: an independent look at the final text for a restored value on its way out.
import { createSinkCheck, type SinkResult } from '#privacy'
import { AnswerBlocked, type Lane, type TextStage } from '../answer/text-stage.ts'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import { isOutward } from '../outward.ts'

export function checkSinks(exchange: Exchange, house: House, lane: Lane): TextStage | undefined {
  if (exchange.placeholders.size === 0) return undefined
  const check = createSinkCheck({
    values: exchange.placeholders,
    contentType: lane.contentType,
    allowedHosts: house.settings.privacy.restore.hosts,
    outward: isOutward(exchange, house, lane),
  })
  const take = ({ text, verdict }: SinkResult): string => {
    if (verdict === undefined) return text
    throw new AnswerBlocked({
      status: 403,
      code: 'exfiltration_blocked',
      message: 'The answer was blocked: it would have carried masked data to another host.',
      rule: `check sinks: ${verdict.reason}`,
    })
  }
  return { push: (text) => take(check.push(text)), end: () => take(check.end()) }
}
