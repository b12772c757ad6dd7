// Once more: an independent look at the final text for a restored value on its way out.
import type { Verdict } from '#inspect'
import { createSinkCheck, type SinkResult } from '#privacy'
import { AnswerBlocked, type Lane, type TextStage } from '../answer/text-stage.ts'
import { type Exchange, noteVerdicts } from '../exchange.ts'
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
    noteVerdicts(exchange, 'response', lane, [exfiltration])
    throw new AnswerBlocked({
      status: 403,
      code: 'exfiltration_blocked',
      message: 'The answer was blocked: it would have carried masked data to another host.',
      rule: `check sinks: ${verdict.reason}`,
    })
  }
  return { push: (text) => take(check.push(text)), end: () => take(check.end()) }
}

/** Where in the text it stands says nothing: what was stopped is the text as a whole. */
const exfiltration: Verdict = {
  detector: 'sinks',
  version: '1',
  category: 'personal',
  kind: 'exfiltration',
  score: 1,
  start: 0,
  end: 0,
  action: 'block',
}
