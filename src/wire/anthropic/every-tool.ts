// For tests: every kind of tool that the official client's types know, with all of its fields. The compiler keeps the
// table of kinds complete.
import type { ToolUnion } from '@anthropic-ai/sdk/resources/messages'

export const cache = { type: 'ephemeral', ttl: '5m' } as const
export const input = { city: 'Oslo', 'a place/name~': ['one', { deep: 'two' }] }

export const schema = {
  type: 'object' as const,
  title: 'Title',
  properties: { 'a place/name~': { type: 'string', description: 'Where', enum: ['Oslo', 'Bergen'] } },
  required: ['a place/name~'],
  $defs: { thing: { examples: ['one', { deep: ['two'] }] } },
}

const toolOptions = {
  allowed_callers: ['direct' as const],
  cache_control: cache,
  defer_loading: false,
  input_examples: [input],
  strict: true,
}
const serverOptions = { allowed_domains: ['a.example'], blocked_domains: ['b.example'], max_uses: 2 }

/** Of kinds that differ only by their date one stands for all: see `tools`. */
export const toolKinds = {
  custom: {
    ...toolOptions,
    type: 'custom',
    name: 'weather',
    description: 'The weather',
    input_schema: schema,
    eager_input_streaming: true,
  },
  bash_20250124: { ...toolOptions, type: 'bash_20250124', name: 'bash' },
  memory_20250818: { ...toolOptions, type: 'memory_20250818', name: 'memory' },
  text_editor_20250728: {
    ...toolOptions,
    type: 'text_editor_20250728',
    name: 'str_replace_based_edit_tool',
    max_characters: 100,
  },
  browser_toolset_20260801: {
    type: 'browser_toolset_20260801',
    cache_control: cache,
    configs: { navigate: { enabled: true, defer_loading: false } },
  },
  computer_toolset_20260801: {
    type: 'computer_toolset_20260801',
    cache_control: cache,
    configs: { key: { enabled: true, defer_loading: false } },
  },
  web_search_20260318: {
    ...toolOptions,
    ...serverOptions,
    type: 'web_search_20260318',
    name: 'web_search',
    response_inclusion: 'full',
    user_location: { type: 'approximate', city: 'Oslo', country: 'NO', region: 'Oslo', timezone: 'Europe/Oslo' },
  },
  web_fetch_20260318: {
    ...toolOptions,
    ...serverOptions,
    type: 'web_fetch_20260318',
    name: 'web_fetch',
    citations: { enabled: true },
    max_content_tokens: 100,
    response_inclusion: 'full',
    url_sources: { user_input: { type: 'all' }, client_tool_results: { type: 'only', tools: [{ name: 'weather' }] } },
    use_cache: true,
  },
  code_execution_20260521: { ...toolOptions, type: 'code_execution_20260521', name: 'code_execution' },
  tool_search_tool_bm25: { ...toolOptions, type: 'tool_search_tool_bm25', name: 'tool_search_tool_bm25' },
} as const satisfies Partial<Record<KindOfTool, object>>

type KindOfTool = Exclude<ToolUnion['type'], null | undefined>

/** Every kind of tool that the client knows. */
export const kindOfEach: Record<KindOfTool, keyof typeof toolKinds> = {
  custom: 'custom',
  bash_20250124: 'bash_20250124',
  memory_20250818: 'memory_20250818',
  text_editor_20250124: 'text_editor_20250728',
  text_editor_20250429: 'text_editor_20250728',
  text_editor_20250728: 'text_editor_20250728',
  browser_toolset_20260801: 'browser_toolset_20260801',
  computer_toolset_20260801: 'computer_toolset_20260801',
  web_search_20250305: 'web_search_20260318',
  web_search_20260209: 'web_search_20260318',
  web_search_20260318: 'web_search_20260318',
  web_fetch_20250910: 'web_fetch_20260318',
  web_fetch_20260209: 'web_fetch_20260318',
  web_fetch_20260309: 'web_fetch_20260318',
  web_fetch_20260318: 'web_fetch_20260318',
  code_execution_20250522: 'code_execution_20260521',
  code_execution_20250825: 'code_execution_20260521',
  code_execution_20260120: 'code_execution_20260521',
  code_execution_20260521: 'code_execution_20260521',
  tool_search_tool_bm25: 'tool_search_tool_bm25',
  tool_search_tool_bm25_20251119: 'tool_search_tool_bm25',
  tool_search_tool_regex: 'tool_search_tool_bm25',
  tool_search_tool_regex_20251119: 'tool_search_tool_bm25',
}
