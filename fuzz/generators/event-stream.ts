// Events as servers write them.
import type { Random } from '../engine/random.ts'

export interface WrittenEvent {
  readonly type?: string
  readonly data: string
}

export function toStream(events: readonly WrittenEvent[], random: Random): Uint8Array {
  const end = random.pick(['\n', '\n', '\n', '\r\n', '\r'])
  const colon = random.pick([': ', ': ', ':'])
  const withComments = random.chance(0.2)
  const lines = events.flatMap(({ type, data }) => [
    ...(withComments && random.chance(0.2) ? [random.pick([':', ': keep-alive', 'id: 1', 'retry: 10'])] : []),
    ...(type === undefined ? [] : [`event${colon}${type}`]),
    `data${colon}${data}`,
    '',
  ])
  return Buffer.from(lines.map((line) => line + end).join(''))
}
