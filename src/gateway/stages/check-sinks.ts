// Stage 11, once more: an independent look at the final text for a restored value on its way out.
import { createSinkCheck } from '#privacy'
import { AnswerBlocked, type Lane, type TextStage } from '../answer/lanes.ts'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'

export function checkSinks(exchange: Exchange, house: House, lane: Lane): TextStage | undefined {
  if (exchange.placeholders.size === 0) return undefined
  const check = createSinkCheck({
    values: [...exchange.placeholders.values()],
    contentType: lane.contentType,
    allowedHosts: house.settings.privacy.restore.hosts,
  })
  const take = (checked: ReturnType<typeof check.push>): string => {
    if (checked.blocked === undefined) return checked.text
    throw new AnswerBlocked({
      status: 403,
      code: 'exfiltration_blocked',
      message: 'The answer was blocked: it would have carried masked data to another host.',
      rule: `check sinks: ${checked.blocked.reason}`,
    })
  }
  return { push: (text) => take(check.push(text)), end: () => take(check.end()) }
}
