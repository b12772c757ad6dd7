// The fields of a request to /v1/messages and /v1/messages/count_tokens (anthropic-sdk-typescript 1.11, Messages API,
// with the fields of its beta resource that need no other endpoint).
import { remote, stateReference } from '../opaque.ts'
import type { Channel } from '../part.ts'
import { SCHEMA_WORDS } from '../schema-words.ts'
import {
  either,
  ignored,
  invalid,
  json,
  list,
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
import { cacheControl, content, textBlocks } from './content-shape.ts'

const anything = json()
const schema = json(SCHEMA_WORDS)

const CHANNEL_OF_ROLE: ReadonlyMap<string, Channel> = new Map([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
])

const messageFields = object({ role: ignored, content })

const message: Shape = (reader, node, path) => {
  const role = stringMember(reader, node, 'role') ?? ''
  const channel = CHANNEL_OF_ROLE.get(role)
  if (channel === undefined) throw invalid(`${path}/role`, `must be one of ${[...CHANNEL_OF_ROLE.keys()].join(', ')}`)
  reader.block(node, path, () => messageFields(reader, node, path, { role, channel, contentType: 'text' }))
}

const systemPrompt = within({ role: 'system', channel: 'system' }, either({ string: text, array: textBlocks }))

const system: Shape = (reader, node, path, place) =>
  reader.block(node, path, () => systemPrompt(reader, node, path, place))

const toolOptions = {
  name: text,
  cache_control: cacheControl,
  strict: scalar,
  defer_loading: scalar,
  eager_input_streaming: scalar,
  allowed_callers: list(text),
  input_examples: list(anything),
}

const customTool = object({ ...toolOptions, type: word('custom'), description: text, input_schema: schema })

/** Tools whose definition the provider knows and that the client runs: only their settings are in the request. */
const CLIENT_TOOL = /^(?:bash|text_editor|computer|memory)_\d{8}$|^(?:browser|computer)_toolset_\d{8}$/

const clientTool = object({
  ...toolOptions,
  type: ignored,
  configs: anything,
  display_width_px: scalar,
  display_height_px: scalar,
  display_number: scalar,
  enable_zoom: scalar,
  max_characters: scalar,
})

/** Tools that the provider runs, with what it reads elsewhere or sends there. */
const SERVER_TOOL =
  /^(?:(?:web_search|web_fetch|code_execution|advisor)_\d{8}|tool_search_tool_(?:bm25|regex)(?:_\d{8})?|mcp_toolset)$/

const serverTool = remote(
  object({
    ...toolOptions,
    type: ignored,
    allowed_domains: list(text),
    blocked_domains: list(text),
    citations: object({ enabled: scalar }),
    max_content_tokens: scalar,
    max_uses: scalar,
    response_inclusion: word('full', 'excluded'),
    url_sources: anything,
    use_cache: scalar,
    user_location: anything,
    mcp_server_name: text,
    configs: anything,
    default_config: anything,
    tools: anything,
  }),
)

const unknownTool = variants('type', {})

const tool: Shape = (reader, node, path) => {
  const type = stringMember(reader, node, 'type') ?? 'custom'
  const name = stringMember(reader, node, 'name') ?? ''
  const description = stringMember(reader, node, 'description')
  const place = { role: 'tool', channel: 'tool_definition', contentType: 'text', tool: name } as const
  reader.tools.push({ name, path, start: node.start, end: node.end, ...(description !== undefined && { description }) })
  reader.block(node, path, () => shapeOfTool(type)(reader, node, path, place))
}

function shapeOfTool(type: string): Shape {
  if (type === 'custom') return customTool
  if (CLIENT_TOOL.test(type)) return clientTool
  return SERVER_TOOL.test(type) ? serverTool : unknownTool
}

const aboutTools = { role: 'tool', channel: 'tool_definition' } as const

const outputFormat = within(aboutTools, object({ type: word('json_schema'), name: text, schema }))

/** How much of something: tokens, tool uses, turns of thinking. */
const amount = object({ type: word('input_tokens', 'tool_uses', 'thinking_turns', 'all'), value: scalar })

/** What the provider may drop or sum up of a long conversation. */
const contextManagement = object({
  edits: list(
    object({
      type: word('clear_tool_uses_20250919', 'clear_thinking_20251015', 'compact_20260112'),
      trigger: amount,
      keep: either({ string: word('all'), object: amount }),
      clear_at_least: amount,
      clear_tool_inputs: anything,
      exclude_tools: list(text),
      instructions: within({ role: 'system', channel: 'system' }, text),
      pause_after_compaction: scalar,
    }),
  ),
})

/** `model` is read apart: it is decided by policy and not by inspection. */
const requestFields = {
  model: ignored,
  messages: list(message),
  system,
  max_tokens: scalar,
  stream: scalar,
  temperature: scalar,
  top_p: scalar,
  top_k: scalar,
  stop_sequences: list(text),
  tools: list(tool),
  tool_choice: within(
    aboutTools,
    object({ type: word('auto', 'any', 'tool', 'none'), name: text, disable_parallel_tool_use: scalar }),
  ),
  thinking: object({
    type: word('enabled', 'disabled', 'adaptive', 'between_tools'),
    budget_tokens: scalar,
    display: word('summarized', 'omitted'),
  }),
  output_config: object({
    effort: word('low', 'medium', 'high', 'xhigh', 'max'),
    format: outputFormat,
    task_budget: object({ type: word('tokens'), total: scalar, remaining: scalar }),
  }),
  output_format: outputFormat,
  metadata: anything,
  service_tier: word('auto', 'standard_only'),
  speed: word('standard', 'fast'),
  inference_geo: text,
  cache_control: cacheControl,
  context_management: contextManagement,
  compaction: object({ type: word('summarize'), instructions: within({ role: 'system', channel: 'system' }, text) }),
  diagnostics: object({ previous_message_id: text }),
  thread: stateReference,
  container: remote(anything),
  mcp_servers: remote(anything),
}

/** The whole request. */
export const messagesRequestShape: Shape = object(requestFields, refuseSteering)
