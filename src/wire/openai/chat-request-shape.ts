// The fields of a chat completion request, after the types of OpenAI's own client (openai-node 7.55,
// resources/chat/completions), with what compatible servers add to messages.
import type { JsonNode } from '../json-tree.ts'
import { audioData, fileData, fileReference, imageUrl, modality, stateReference, storeFlag } from '../opaque.ts'
import type { Channel } from '../part.ts'
import type { Reader } from '../reader.ts'
import { SCHEMA_WORDS } from '../schema-words.ts'
import {
  either,
  ignored,
  invalid,
  json,
  jsonText,
  list,
  memberOf,
  object,
  type Shape,
  scalar,
  stringMember,
  text,
  variants,
  within,
  word,
} from '../shape.ts'
import { refuseSteering } from '../steering.ts'
import { samplingFields } from './sampling.ts'

const anything = json()
const schema = json(SCHEMA_WORDS)

/** Marks for the provider's cache: OpenAI's own, and Anthropic's as compatible servers take it. */
const caching = {
  prompt_cache_breakpoint: object({ mode: word('explicit', 'implicit'), ttl: word('30m', '12h') }),
  cache_control: object({ type: word('ephemeral'), ttl: word('5m', '1h') }),
}

const contentPart = variants('type', {
  text: { text, ...caching },
  refusal: { refusal: text },
  image_url: {
    image_url: either({
      string: imageUrl,
      object: object({ url: imageUrl, detail: word('auto', 'low', 'high', 'original') }),
    }),
    ...caching,
  },
  input_audio: {
    input_audio: object({ data: audioData, format: word('wav', 'mp3') }),
    ...caching,
  },
  file: {
    file: within({ channel: 'document' }, object({ file_data: fileData, file_id: fileReference, filename: text })),
    ...caching,
  },
})

const content = either({ string: text, array: list(contentPart) })

// parsed_arguments, parsed and annotations are what the client library adds to answers that are then sent back.
const called = object({ name: text, arguments: jsonText, parsed_arguments: anything })

const functionCall: Shape = (reader, node, path, place) =>
  called(reader, node, path, { ...place, channel: 'tool_call', tool: stringMember(reader, node, 'name') })

const toolCallFields = object({
  id: text,
  type: word('function', 'custom'),
  index: scalar,
  function: called,
  custom: object({ name: text, input: text }),
})

const toolCall: Shape = (reader, node, path, place) => {
  const target = memberOf(node, 'function') ?? memberOf(node, 'custom')
  const tool = target && stringMember(reader, target, 'name')
  const id = stringMember(reader, node, 'id')
  if (id !== undefined && tool !== undefined) reader.memory.toolNames.set(id, tool)
  toolCallFields(reader, node, path, { ...place, channel: 'tool_call', tool })
}

/** One shape for all roles: which of them may carry which field is for the upstream to say. */
const messageFields = object({
  role: ignored,
  content,
  name: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  tool_call_id: text,
  tool_calls: list(toolCall),
  function_call: functionCall,
  annotations: anything,
  parsed: anything,
  audio: object({ id: audioData, data: audioData, expires_at: scalar, transcript: text }),
})

const CHANNEL_OF_ROLE: ReadonlyMap<string, Channel> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool_result'],
  ['function', 'tool_result'],
])

const message: Shape = (reader, node, path) => {
  const role = stringMember(reader, node, 'role') ?? ''
  const channel = CHANNEL_OF_ROLE.get(role)
  if (channel === undefined) throw invalid(`${path}/role`, `must be one of ${[...CHANNEL_OF_ROLE.keys()].join(', ')}`)
  const tool = answeringTool(reader, node, role)
  reader.block(node, path, () => messageFields(reader, node, path, { role, channel, contentType: 'text', tool }))
}

function answeringTool(reader: Reader, node: JsonNode, role: string): string | undefined {
  if (role === 'function') return stringMember(reader, node, 'name')
  return role === 'tool' ? reader.memory.toolNames.get(stringMember(reader, node, 'tool_call_id') ?? '') : undefined
}

const functionDefinition = object({ name: text, description: text, parameters: schema, strict: scalar })

const toolFields = variants('type', {
  function: { function: functionDefinition },
  custom: {
    custom: object({
      name: text,
      description: text,
      format: variants('type', {
        text: {},
        grammar: { grammar: object({ definition: text, syntax: word('lark', 'regex') }) },
      }),
    }),
  },
})

/** A tool definition, wrapped in its type as in `tools`, or bare as in the older `functions`. */
function toolDefinition(shape: Shape): Shape {
  return (reader, node, path) => {
    const definition = memberOf(node, 'function') ?? memberOf(node, 'custom') ?? node
    const name = stringMember(reader, definition, 'name') ?? ''
    const description = stringMember(reader, definition, 'description')
    reader.tools.push({
      name,
      path,
      start: node.start,
      end: node.end,
      ...(description !== undefined && { description }),
    })
    reader.block(node, path, () =>
      shape(reader, node, path, { role: 'tool', channel: 'tool_definition', contentType: 'text', tool: name }),
    )
  }
}

const named = object({ name: text })

const toolChoice = object({
  type: word('function', 'custom', 'allowed_tools'),
  function: named,
  custom: named,
  allowed_tools: object({ mode: word('auto', 'required'), tools: schema }),
})

const aboutTools = { role: 'tool', channel: 'tool_definition' } as const

const responseFormat = object({
  type: word('text', 'json_object', 'json_schema'),
  json_schema: object({ name: text, description: text, schema, strict: scalar }),
})

const moderationMode = object({ mode: word('score', 'block') })

/** `model` is read apart: it is decided by policy and not by inspection. */
const requestFields = {
  ...samplingFields,
  model: ignored,
  messages: list(message),
  max_completion_tokens: scalar,
  top_logprobs: scalar,
  tools: list(toolDefinition(toolFields)),
  functions: list(toolDefinition(functionDefinition)),
  tool_choice: within(aboutTools, either({ string: word('none', 'auto', 'required'), object: toolChoice })),
  function_call: within(aboutTools, either({ string: word('none', 'auto'), object: named })),
  parallel_tool_calls: scalar,
  response_format: within(aboutTools, responseFormat),
  prediction: within({ channel: 'document' }, object({ type: word('content'), content })),
  modalities: list(modality),
  audio: object({
    format: word('wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16'),
    voice: either({ string: text, object: object({ id: text }) }),
  }),
  web_search_options: object({
    search_context_size: word('low', 'medium', 'high'),
    user_location: object({
      type: word('approximate'),
      approximate: object({ city: text, country: text, region: text, timezone: text }),
    }),
  }),
  metadata: anything,
  safety_identifier: text,
  prompt_cache_key: text,
  prompt_cache_retention: word('in_memory', '24h'),
  prompt_cache_options: object({ mode: word('implicit', 'explicit'), ttl: word('30m') }),
  reasoning_effort: word('none', 'minimal', 'low', 'medium', 'high', 'xhigh'),
  verbosity: word('low', 'medium', 'high'),
  service_tier: word('auto', 'default', 'flex', 'scale', 'priority', 'fast'),
  moderation: object({ model: text, policy: object({ input: moderationMode, output: moderationMode }) }),
  store: storeFlag,
  previous_response_id: stateReference,
  conversation: stateReference,
  cached_content: stateReference,
}

/** The whole request. */
export const chatRequestShape: Shape = object(requestFields, refuseSteering)
