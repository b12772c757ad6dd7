// What is in the text? Every part goes through the detectors; one block stops the exchange.
import type { Verdict } from '#inspect'
import { toParam } from '#wire'
import { type Exchange, established, noteVerdicts, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { findPassages } from '../passages.ts'

export function inspectRequest(exchange: Exchange, house: House): Stopped | Promise<Stopped> {
  if (exchange.format === undefined) return undefined
  const { parts } = established(exchange.asked, 'a parsed request')
  const { tenant } = established(exchange.principal, 'a principal')
  const passages = findPassages(established(exchange.asked, 'a parsed request'), house.inspector, {
    operation: exchange.operation,
    tenant,
  })
  exchange.bodyDigest = passages?.digest
  const found: (readonly Verdict[])[] = []
  const slow: Promise<void>[] = []
  try {
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]
      if (part === undefined) continue
      if (passages?.known !== undefined && index < passages.known.parts) {
        found[index] = passages.known.verdicts.get(index) ?? none
        continue
      }
      const { text, channel, contentType } = part
      const result = house.inspector.inspect({ text, channel, contentType, direction: 'request' }, { tenant })
      // Waiting costs more than most inspections, so only detectors that need it are waited for.
      if (!(result instanceof Promise)) found[index] = result
      else
        slow.push(
          result.then((verdicts) => {
            found[index] = verdicts
          }),
        )
    }
  } catch (error) {
    // Nobody waits for the others any more; without this, one that fails too would end the process.
    for (const each of slow) each.catch(() => {})
    throw error
  }
  const finish = () => {
    passages?.remember((index) => found[index] ?? none)
    for (const [index, part] of parts.entries()) {
      const verdicts = found[index] ?? none
      if (verdicts.length > 0) noteVerdicts(exchange, 'request', part, verdicts)
    }
    return conclude(exchange)
  }
  return slow.length === 0 ? finish() : Promise.all(slow).then(finish)
}

const none: readonly Verdict[] = []

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
