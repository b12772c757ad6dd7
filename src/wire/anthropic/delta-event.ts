// An additional event for text that was held back until the event it came in had gone.
import { WireError } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import type { JsonDocument, JsonNode } from '../json-tree.ts'
import { jsonString } from '../replace.ts'
import { memberOf } from '../shape.ts'
import { dataEvent } from '../stream.ts'

/** As WireFormat says. */
export function messageDelta(template: StreamChunk, lane: string, text: string): Buffer {
  const delta = template.deltas.find((candidate) => candidate.lane === lane)
  if (delta?.choice === undefined || template.document === undefined) throw noSuchLane()
  const field = lane.slice(lane.indexOf(':') + 1)
  const type = types.get(field)
  const json =
    type === undefined
      ? around(template.document, memberOf(template.document.root, 'delta'), delta.path.split('/').slice(2), text)
      : `{"type":"${type}","${field}":${jsonString(text)}}`
  return dataEvent(`{"type":"${NAME}","index":${delta.choice},"delta":${json}}`, NAME)
}

const NAME = 'content_block_delta'

/** The texts that come in pieces, by their field. A block may also begin with a piece of text. */
const types: ReadonlyMap<string, string> = new Map([
  ['text', 'text_delta'],
  ['partial_json', 'input_json_delta'],
  ['thinking', 'thinking_delta'],
])

/** Of a delta that is not known here: nothing but its type, and the way to the text. */
function around(document: JsonDocument, node: JsonNode | undefined, steps: readonly string[], text: string): string {
  const [step, ...rest] = steps
  if (step === undefined || node === undefined) return jsonString(text).toString()
  if (node.kind === 'array') return `[${around(document, node.items[Number(step)], rest, text)}]`
  if (node.kind !== 'object') return 'null'
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
  const type = memberOf(node, 'type')
  const word = type?.kind === 'string' ? document.text(type) : ''
  const kept = name !== 'type' && WORD.test(word) ? `"type":"${word}",` : ''
  return `{${kept}${JSON.stringify(name)}:${around(document, memberOf(node, name), rest, text)}}`
}

const WORD = /^[a-z_]{1,32}$/

function noSuchLane(): WireError {
  const message = 'The chunk given as a template has no delta of the lane.'
  return new WireError({ code: 'misplaced_edit', status: 500, message })
}
