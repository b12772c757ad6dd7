// What is in the text? Every part goes through the detectors; one block stops the exchange.
import type { Verdict } from '#inspect'
import { toParam } from '#wire'
import { type Exchange, established, noteVerdicts, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

export function inspectRequest(exchange: Exchange, house: House): Stopped | Promise<Stopped> {
  if (exchange.format === undefined) return undefined
  const asked = established(exchange.asked, 'a parsed request')
  const { tenant } = established(exchange.principal, 'a principal')
  const slow: Promise<void>[] = []
  try {
    for (const part of asked.parts) {
      const { text, channel, contentType } = part
      const found = house.inspector.inspect({ text, channel, contentType, direction: 'request' }, { tenant })
      const note = (verdicts: readonly Verdict[]) => noteVerdicts(exchange, 'request', part, verdicts)
      // Waiting costs more than most inspections, so only detectors that need it are waited for.
      if (found instanceof Promise) slow.push(found.then(note))
      else note(found)
    }
  } catch (error) {
    // Nobody waits for the others any more; without this, one that fails too would end the process.
    for (const each of slow) each.catch(() => {})
    throw error
  }
  return slow.length === 0 ? conclude(exchange) : Promise.all(slow).then(() => conclude(exchange))
}

type Stopped = Refusal | undefined

function conclude(exchange: Exchange): Stopped {
  // Too late: the exchange was refused as not scanned.
  if (exchange.stoppedAt !== undefined) return undefined
  exchange.scan = 'scanned'
  const block = exchange.verdicts.find((verdict) => verdict.action === 'block')
  if (block === undefined) return undefined
  return {
    status: 403,
    code: codes[block.category] ?? 'content_blocked',
    message: `The request was blocked: ${explain(block.category, block.kind)} was found in it.`,
    rule: `${block.detector}@${block.version}: ${block.kind}`,
    param: toParam(block.path) ?? undefined,
  }
}

const codes: Readonly<Record<string, string>> = {
  injection: 'prompt_injection',
  secret: 'secret_in_request',
  personal: 'personal_data_in_request',
  canary: 'canary_in_request',
}

export function explain(category: string, kind: string): string {
  const what = kind.replaceAll('_', ' ')
  switch (category) {
    case 'injection':
      return `a prompt injection (${what})`
    case 'secret':
      return `a secret (${what})`
    case 'personal':
      return `personal data (${what})`
    case 'canary':
      return 'a canary'
    default:
      return what
  }
}
