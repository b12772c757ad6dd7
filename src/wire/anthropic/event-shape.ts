// The events of a streamed message, each text of theirs leading into its lane: what one field of one content block adds
// up to over the whole stream.
import { WireError } from '../errors.ts'
import { sealed } from '../opaque.ts'
import { ignored, json, jsonText, memberOf, object, type Shape, scalar, stringMember } from '../shape.ts'
import { answerText, citation, contentBlock, messageFields, signedText, thinkingText } from './answer-shape.ts'

/** The content block that has begun and not ended. */
export interface OpenBlock {
  readonly index: number
  readonly type: string
  /** The tool that is being called. */
  readonly tool: string | undefined
}

/** The shape of an event, which may depend on the block that it continues. */
export function eventShape(type: string, open: OpenBlock | undefined): Shape {
  return events.get(type) ?? (type === 'content_block_delta' && open ? deltaEvent(open) : anything)
}

const anything = json()

const begun = object({ type: ignored, index: scalar, content_block: inLane('/content_block/', contentBlock, true) })

const events: ReadonlyMap<string, Shape> = new Map([
  ['message_start', object({ type: ignored, message: object({ ...messageFields, content: anything }) })],
  ['content_block_start', begun],
  ['content_block_stop', object({ type: ignored, index: scalar })],
  [
    'message_delta',
    object({ type: ignored, delta: object(messageFields), usage: anything, context_management: anything }),
  ],
  ['message_stop', object({ type: ignored })],
  ['ping', object({ type: ignored })],
])

interface DeltaKind {
  /** The blocks that it can continue. Clients drop it in any other, or take it for what it is not. */
  readonly blocks: readonly string[]
  readonly shape: Shape
}

const calls = ['tool_use', 'server_tool_use', 'mcp_tool_use']

const deltas: ReadonlyMap<string, DeltaKind> = new Map([
  ['text_delta', { blocks: ['text'], shape: piece({ text: answerText }) }],
  ['input_json_delta', { blocks: calls, shape: piece({ partial_json: jsonText }) }],
  ['thinking_delta', { blocks: ['thinking'], shape: piece({ thinking: thinkingText, estimated_tokens: scalar }) }],
  ['signature_delta', { blocks: ['thinking'], shape: whole({ signature: sealed }) }],
  ['citations_delta', { blocks: ['text'], shape: whole({ citation }) }],
  ['compaction_delta', { blocks: ['compaction'], shape: whole({ content: signedText, encrypted_content: sealed }) }],
])

/** A delta that is not known: each of its texts may go on in the next one. */
const otherDelta = inLane('/delta/', anything, false)

/** The block's texts go on. */
function piece(fields: Readonly<Record<string, Shape>>): Shape {
  return inLane('/delta/', object({ ...fields, type: ignored }), false)
}

/** Complete in itself. */
function whole(fields: Readonly<Record<string, Shape>>): Shape {
  return inLane('/delta/', object({ ...fields, type: ignored }), true)
}

const continued = object({
  type: ignored,
  index: scalar,
  delta: (reader, node, path, place) => {
    const shape = deltas.get(stringMember(reader, node, 'type') ?? '')?.shape ?? otherDelta
    shape(reader, node, path, place)
  },
})

function deltaEvent({ type, tool }: OpenBlock): Shape {
  const channel = calls.includes(type) ? 'tool_call' : 'assistant'
  return (reader, node, path, place) => {
    const delta = memberOf(node, 'delta')
    const kind = deltas.get((delta && stringMember(reader, delta, 'type')) ?? '')
    if (kind !== undefined && !kind.blocks.includes(type)) throw misplaced()
    continued(reader, node, path, { ...place, channel, tool })
  }
}

/** The lane's id is the block's index, and the path behind `before`. */
function inLane(before: string, shape: Shape, isWhole: boolean): Shape {
  return (reader, node, path, place) =>
    shape(reader, node, path, { ...place, lane: { name: `${place.choice ?? 0}:`, from: before.length, isWhole } })
}

function misplaced(): WireError {
  const message = 'A content block goes on as another kind of block.'
  return new WireError({ code: 'invalid_response', status: 502, message })
}
