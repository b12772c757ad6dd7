// The fields of an answer of the Messages API, whole or as events (anthropic-sdk-typescript 1.11, Message and
// RawMessageStreamEvent). A content block is what a choice is elsewhere: `choice` is its index.
import { fileData, sealed } from '../opaque.ts'
import {
  identifier,
  ignored,
  json,
  list,
  object,
  type Shape,
  scalar,
  stringMember,
  text,
  within,
  word,
} from '../shape.ts'
import { calledTool, citationFields, citationKind } from './content-shape.ts'

const anything = json()

/** What is around the content. */
export const messageFields = {
  id: identifier,
  type: word('message'),
  role: word('assistant'),
  model: identifier,
  stop_reason: word(
    'end_turn',
    'max_tokens',
    'stop_sequence',
    'tool_use',
    'pause_turn',
    'refusal',
    'compaction',
    'model_context_window_exceeded',
  ),
  stop_sequence: text,
  stop_details: anything,
  usage: anything,
  container: anything,
  context_management: anything,
  diagnostics: anything,
}

/** Clients show the texts of an answer one behind the other, so that a link may begin in one and end in the next. */
export const answerText = continued(within({ reading: 'joined' }, text))

export const signedText = within({ signed: 'text' }, text)

export const thinkingText = continued(signedText)

export const citation = within(
  { channel: 'document', reading: 'alone' },
  object({ ...citationFields, type: citationKind, file_id: identifier, encrypted_index: sealed }),
)

/** The arguments of a call: a JSON document, read as a whole like one that comes as a string. */
const argumentsObject: Shape = (reader, node, path, place) => {
  const isEmpty =
    (node.kind === 'object' && node.members.length === 0) || (node.kind === 'array' && node.items.length === 0)
  if (node.kind === 'object' || node.kind === 'array') {
    if (!isEmpty) reader.emit(node, path, { ...place, contentType: 'json', reading: 'alone' }, false)
  } else text(reader, node, path, { ...place, reading: 'alone' })
}

const toolUse = object({
  type: ignored,
  id: identifier,
  name: text,
  input: argumentsObject,
  caller: object({ type: word('direct'), tool_id: identifier }),
  toolset_name: identifier,
  server_name: identifier,
})

const call: Shape = (reader, node, path, place) =>
  toolUse(reader, node, path, { ...place, channel: 'tool_call', tool: calledTool(reader, node) })

const sourceFields = { type: word('text', 'base64'), media_type: word('text/plain', 'application/pdf') }
const inlineSource = object({ ...sourceFields, data: fileData })
const textSource = object({ ...sourceFields, data: text })

const documentSource: Shape = (reader, node, path, place) => {
  const shape = stringMember(reader, node, 'type') === 'base64' ? inlineSource : textSource
  shape(reader, node, path, place)
}

const fetched = object({
  type: ignored,
  tool_use_id: identifier,
  content: object({
    type: word('web_fetch_result', 'web_fetch_tool_result_error'),
    url: text,
    retrieved_at: identifier,
    content: object({ type: word('document'), title: text, source: documentSource }),
  }),
})

const kinds: ReadonlyMap<string, Shape> = new Map([
  ['text', object({ type: ignored, text: answerText, citations: list(citation) })],
  ['thinking', object({ type: ignored, thinking: thinkingText, signature: sealed })],
  ['redacted_thinking', object({ type: ignored, data: sealed })],
  ['tool_use', call],
  ['server_tool_use', call],
  ['mcp_tool_use', call],
  ['compaction', object({ type: ignored, content: signedText, encrypted_content: sealed, signature: sealed })],
  ['web_fetch_tool_result', within({ channel: 'tool_result' }, fetched)],
])

/** A kind that is not known here is inspected string by string. */
const otherBlock = within({ channel: 'tool_result' }, anything)

/** One content block, which is `place.choice`. */
export const contentBlock: Shape = (reader, node, path, place) => {
  const shape = kinds.get(stringMember(reader, node, 'type') ?? '') ?? otherBlock
  shape(reader, node, path, place)
}

const content: Shape = (reader, node, path, place) => {
  if (node.kind !== 'array') return anything(reader, node, path, place)
  for (const [index, item] of node.items.entries())
    contentBlock(reader, item, `${path}/${index}`, { ...place, choice: index })
}

/** A whole answer to /v1/messages. */
export const messageShape: Shape = object({ ...messageFields, content })

/** A whole answer to /v1/messages/count_tokens. */
export const tokenCountShape: Shape = object({ input_tokens: scalar, context_management: anything })

/** In a stream, text to which later events add. */
function continued(shape: Shape): Shape {
  return (reader, node, path, place) =>
    shape(reader, node, path, place.lane ? { ...place, lane: { ...place.lane, isWhole: false } } : place)
}
