// Damage to server-sent events: line ends, fields, comments, data over several lines, events cut, doubled and moved.
import type { Random } from '../engine/random.ts'
import { type Mutator, put } from './bytes.ts'
import { jsonMutators } from './json.ts'

const lineEnd = /\r\n|\r|\n/

export const sseMutators: readonly Mutator[] = [
  (text, random) => {
    const end = random.pick(['\r\n', '\r', '\n'])
    return text.split(lineEnd).join(end)
  },
  (text, random) => withLines(text, (lines) => put1(lines, random.below(lines.length), [random.pick(strayLines)])),
  (text, random) => withLines(text, (lines) => lines.splice(random.below(lines.length), 1)),
  (text, random) => withLines(text, (lines) => put1(lines, random.below(lines.length), [''])),
  // Data over several lines, cut where JSON allows it or anywhere.
  (text, random) =>
    changeData(text, random, (data) => {
      const at = random.chance(0.7) ? data.search(/[,{[]/) + 1 : random.below(data.length)
      return `${data.slice(0, at)}\ndata:${random.pick(['', ' '])}${data.slice(at)}`
    }),
  (text, random) => changeData(text, random, (data) => random.pick(jsonMutators)(data, random, text)),
  (text, random) => changeData(text, random, (data) => random.pick(jsonMutators)(data, random, text)),
  (text, random) => changeData(text, random, (data) => cutString(data, random)),
  (text, random) => changeData(text, random, (data) => cutString(data, random)),
  // Whole events.
  (text, random) => withEvents(text, (events) => events.splice(random.below(events.length), 1)),
  (text, random) =>
    withEvents(text, (events) =>
      put1(events, random.below(events.length), [events[random.below(events.length)] ?? '']),
    ),
  (text, random) =>
    withEvents(text, (events) => {
      const [moved] = events.splice(random.below(events.length), 1)
      put1(events, random.below(events.length + 1), [moved ?? ''])
    }),
  (text, random, donor) =>
    withEvents(text, (events) => {
      const given = donor.split('\n\n')
      put1(events, random.below(events.length + 1), [given[random.below(given.length)] ?? ''])
    }),
  (text) => text.replace(/data: ?\[DONE\]\s*$/, ''),
  (text) => `\xef\xbb\xbf${text}`,
  (text, random) => (random.chance(0.1) ? put(text, random.below(text.length), 0, 'x'.repeat(70_000)) : text),
]

const strayLines = [
  ...[':', ': a comment', 'data', 'data:', 'data: ', 'data:  x', 'event: x', 'event:message', 'event: ping', 'event:'],
  ...['id: 1', 'id:99999999', 'id: abc', 'retry: 1', 'retry: x', 'foo: bar', 'foo', 'data : x', 'DATA: x', ' data: x'],
  ...['data: [DONE]', 'data:[DONE] ', 'data: {}', 'event: error', 'event: content_block_delta', 'event: message_stop'],
  ...['\xef\xbb\xbfdata: {}', 'data: {"choices":[]}', 'id: \0', 'data\t: x'],
]

function withLines(text: string, change: (lines: string[]) => void): string {
  const lines = text.split('\n')
  change(lines)
  return lines.join('\n')
}

function withEvents(text: string, change: (events: string[]) => void): string {
  const events = text.split('\n\n')
  change(events)
  return events.join('\n\n')
}

function put1(items: string[], at: number, added: readonly string[]): void {
  items.splice(at, 0, ...added)
}

function changeData(text: string, random: Random, change: (data: string) => string): string {
  const found = Array.from(text.matchAll(/data: ?([^\r\n]*)/g))
  const match = found[random.below(found.length)]
  if (match === undefined) return text
  const data = match[1] ?? ''
  return put(text, match.index + match[0].length - data.length, data.length, change(data))
}

/** The event becomes two that share one of its strings, as if the upstream had sent the text in two pieces. */
function cutString(data: string, random: Random): string {
  const strings = Array.from(data.matchAll(/"(?:[^"\\]|\\.)*"(?=\s*[,}\]])/g)).filter(([string]) => string.length > 3)
  const match = strings[random.below(strings.length)]
  if (match === undefined) return data
  const [string] = match
  const at = 1 + random.below(string.length - 2)
  if (string[at - 1] === '\\') return data
  const [first, second] = [`${string.slice(0, at)}"`, `"${string.slice(at)}`]
  const name = /"type":\s?"([a-z_]+)"/.exec(data)?.[1]
  const event = name?.includes('_') || name === 'ping' ? `event: ${name}\n` : ''
  return `${put(data, match.index, string.length, first)}\n\n${event}data: ${put(data, match.index, string.length, second)}`
}
