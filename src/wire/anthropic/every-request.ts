// For tests: every field of a request that the official client's types know, filled in. The compiler keeps the tables complete:
// a new version of the client with a new field or a new kind of block does not type-check until it is here.
import type {
  ContentBlockParam,
  MessageCreateParams,
  MessageParam,
  TextCitationParam,
  ToolChoice,
} from '@anthropic-ai/sdk/resources/messages'
import { cache, input, kindOfEach, schema, toolKinds } from './every-tool.ts'

/** T with every optional field present, at every depth. */
export type Complete<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Complete<Item>[]
    : { [Key in keyof T]-?: Complete<Exclude<T[Key], undefined>> }

/** One of each kind in a union that is told apart by `type`. */
export type EachKind<T extends { type?: string | null }> = {
  [Kind in Exclude<T['type'], null | undefined>]: Complete<Extract<T, { type?: Kind | null }>>
}

export const seal = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk='

export const citationParams: EachKind<TextCitationParam> = {
  char_location: {
    type: 'char_location',
    cited_text: 'so it is',
    document_index: 0,
    document_title: 'A title',
    start_char_index: 0,
    end_char_index: 8,
  },
  page_location: {
    type: 'page_location',
    cited_text: 'so it is',
    document_index: 0,
    document_title: 'A title',
    start_page_number: 1,
    end_page_number: 2,
  },
  content_block_location: {
    type: 'content_block_location',
    cited_text: 'so it is',
    document_index: 0,
    document_title: 'A title',
    start_block_index: 0,
    end_block_index: 1,
  },
  web_search_result_location: {
    type: 'web_search_result_location',
    cited_text: 'so it is',
    encrypted_index: seal,
    title: 'A page',
    url: 'https://a.example/page',
  },
  search_result_location: {
    type: 'search_result_location',
    cited_text: 'so it is',
    search_result_index: 0,
    source: 'https://a.example/source',
    title: 'A result',
    start_block_index: 0,
    end_block_index: 1,
  },
}

const text = { type: 'text', text: 'Hello', cache_control: cache, citations: Object.values(citationParams) } as const
const bare = { type: 'text', text: 'Hello' } as const
export const direct = { type: 'direct' } as const
export const byCode = { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' } as const
const transformations = { oversized_image: 'downsize' } as const

const images = [
  { type: 'base64', data: 'iVBORw0=', media_type: 'image/png' },
  { type: 'url', url: 'https://example.org/cat.png' },
  { type: 'file', file_id: 'file_1' },
].map((source) => ({ type: 'image', source, cache_control: cache, transformations }))

export const document = {
  type: 'document',
  source: { type: 'text', data: 'A plain text', media_type: 'text/plain' },
  cache_control: cache,
  citations: { enabled: true },
  context: 'From the archive',
  title: 'A title',
} as const

const documents = [
  document,
  { ...document, source: { type: 'content', content: 'In one string' } },
  { ...document, source: { type: 'content', content: [bare, images[0]] } },
  { ...document, source: { type: 'base64', data: 'JVBERi0=', media_type: 'application/pdf' } },
  { ...document, source: { type: 'url', url: 'https://example.org/a.pdf' } },
  { ...document, source: { type: 'file', file_id: 'file_2' } },
]

const searchResult = {
  type: 'search_result',
  content: [bare],
  source: 'https://a.example/source',
  title: 'A result',
  cache_control: cache,
  citations: { enabled: true },
} as const

/** Fields of unions inside of these blocks are spelled out by hand: `satisfies` checks their names, the table the kinds. */
export const blocks: Record<keyof EachKind<ContentBlockParam>, object[]> = {
  text: [text],
  image: images,
  document: documents,
  search_result: [searchResult],
  thinking: [{ type: 'thinking', thinking: 'Let me see', signature: seal }],
  redacted_thinking: [{ type: 'redacted_thinking', data: seal }],
  tool_use: [
    {
      type: 'tool_use',
      id: 'toolu_1',
      name: 'weather',
      input,
      cache_control: cache,
      caller: direct,
      toolset_name: null,
    },
    { type: 'tool_use', id: 'toolu_2', name: 'navigate', input, caller: byCode, toolset_name: 'browser' },
  ],
  tool_result: [
    { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Rain', is_error: false, cache_control: cache },
    {
      type: 'tool_result',
      tool_use_id: 'toolu_2',
      toolset_name: 'browser',
      content: [
        bare,
        images[0],
        document,
        searchResult,
        { type: 'tool_reference', tool_name: 'weather', cache_control: cache },
        {
          type: 'browser_state',
          tabs: [{ tab_id: 'tab_1', title: 'A tab', url: 'https://a.example', active: true }],
          state_changes: [{ type: 'download_failed', download_id: 'd_1', url: 'https://a.example/x', error: 'gone' }],
          cache_control: cache,
        },
      ],
    },
  ],
  server_tool_use: [
    { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input, caller: byCode, cache_control: cache },
  ],
  web_search_tool_result: [
    {
      type: 'web_search_tool_result',
      tool_use_id: 'srvtoolu_1',
      caller: direct,
      cache_control: cache,
      content: [
        {
          type: 'web_search_result',
          encrypted_content: seal,
          title: 'A page',
          url: 'https://a.example',
          page_age: '2 days',
        },
      ],
    },
  ],
  web_fetch_tool_result: [
    {
      type: 'web_fetch_tool_result',
      tool_use_id: 'srvtoolu_1',
      caller: direct,
      cache_control: cache,
      content: { type: 'web_fetch_result', url: 'https://a.example', retrieved_at: '2026-01-01', content: document },
    },
  ],
  code_execution_tool_result: [
    {
      type: 'code_execution_tool_result',
      tool_use_id: 'srvtoolu_1',
      cache_control: cache,
      content: {
        type: 'code_execution_result',
        stdout: 'out',
        stderr: 'err',
        return_code: 0,
        content: [{ type: 'code_execution_output', file_id: 'file_3' }],
      },
    },
  ],
  bash_code_execution_tool_result: [
    {
      type: 'bash_code_execution_tool_result',
      tool_use_id: 'srvtoolu_1',
      cache_control: cache,
      content: { type: 'bash_code_execution_result', stdout: 'out', stderr: 'err', return_code: 0, content: [] },
    },
  ],
  text_editor_code_execution_tool_result: [
    {
      type: 'text_editor_code_execution_tool_result',
      tool_use_id: 'srvtoolu_1',
      cache_control: cache,
      content: {
        type: 'text_editor_code_execution_view_result',
        content: 'a file',
        file_type: 'text',
        num_lines: 1,
        start_line: 1,
        total_lines: 1,
      },
    },
  ],
  tool_search_tool_result: [
    {
      type: 'tool_search_tool_result',
      tool_use_id: 'srvtoolu_1',
      cache_control: cache,
      content: {
        type: 'tool_search_tool_search_result',
        tool_references: [{ type: 'tool_reference', tool_name: 'weather', cache_control: cache }],
      },
    },
  ],
  container_upload: [{ type: 'container_upload', file_id: 'file_4', cache_control: cache }],
}

const choices: EachKind<ToolChoice> = {
  auto: { type: 'auto', disable_parallel_tool_use: true },
  any: { type: 'any', disable_parallel_tool_use: true },
  tool: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
  none: { type: 'none' },
}

type Body = Omit<MessageCreateParams, 'messages' | 'tools' | 'container' | 'user_profile_id' | 'workspace_id'>

/** All but the two fields that the client sends as headers, and what is in tables of its own. */
const request: Complete<Body> = {
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  cache_control: cache,
  diagnostics: { previous_message_id: 'msg_0' },
  inference_geo: 'eu',
  metadata: { user_id: 'user-1' },
  output_config: { effort: 'low', format: { type: 'json_schema', schema } },
  service_tier: 'auto',
  speed: 'standard',
  stop_sequences: ['END'],
  stream: false,
  system: [{ type: 'text', text: 'Be kind.', cache_control: cache, citations: Object.values(citationParams) }],
  thinking: { type: 'enabled', budget_tokens: 1024, display: 'summarized' },
  tool_choice: choices.tool,
} as Complete<Body>

const messages: MessageParam[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi' },
]

/** What may pass by default: no image, file or tool of the provider. */
const plainKinds = ['text', 'search_result', 'thinking', 'redacted_thinking', 'tool_use'] as const
export const plainRequest: object = {
  ...request,
  messages: [
    ...messages,
    ...plainKinds.map((kind) => ({ role: 'assistant', content: blocks[kind] })),
    { role: 'user', content: [blocks.tool_result[0], document] },
  ],
  tools: (['custom', 'bash_20250124', 'memory_20250818', 'browser_toolset_20260801'] as const).map((k) => toolKinds[k]),
}

/** Requests that together have every field and every variant. */
export const requests: object[] = [
  { ...request, messages },
  ...Object.values(blocks)
    .flat()
    .map((block) => ({ model: 'claude', messages: [{ role: 'assistant', content: [block] }] })),
  ...Object.values(toolKinds).map((tool) => ({ model: 'claude', messages, tools: [tool] })),
  ...Object.values(choices).map((tool_choice) => ({ model: 'claude', messages, max_tokens: 1, tool_choice })),
  {
    model: 'claude',
    messages,
    system: 'Be kind.',
    container: { id: 'container_1', skills: [{ skill_id: 'pptx', type: 'anthropic', version: 'latest' }] },
    mcp_servers: [
      {
        type: 'url',
        name: 'files',
        url: 'https://mcp.example',
        authorization_token: 'a-token',
        tool_configuration: { allowed_tools: ['read'], enabled: true },
      },
    ],
    context_management: {
      edits: [
        {
          type: 'clear_tool_uses_20250919',
          trigger: { type: 'input_tokens', value: 1000 },
          keep: { type: 'tool_uses', value: 3 },
          clear_at_least: { type: 'input_tokens', value: 10 },
          clear_tool_inputs: ['weather'],
          exclude_tools: ['weather'],
        },
        { type: 'clear_thinking_20251015', keep: 'all' },
        { type: 'compact_20260112', instructions: 'Sum it up.', pause_after_compaction: true },
      ],
    },
    compaction: { type: 'summarize', instructions: 'Sum it up.' },
    output_format: { type: 'json_schema', schema },
    thread: { id: 'thread_1' },
  },
  { model: 'claude', messages, container: 'container_1', thinking: { type: 'disabled' } },
  {
    model: 'claude',
    messages: [
      {
        role: 'assistant',
        content: [
          { type: 'compaction', content: 'So far', encrypted_content: seal, signature: seal, tool_changes: ['x'] },
          { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'read', server_name: 'files', input },
          {
            type: 'mcp_tool_result',
            tool_use_id: 'mcptoolu_1',
            is_error: false,
            content: [{ type: 'text', text: 'a' }],
          },
          { type: 'mcp_tool_listing', mcp_server_name: 'files', tools: [{ name: 'read', input_schema: schema }] },
        ],
      },
    ],
  },
]

/** One request for each kind of tool; what they hold is among `requests`. */
export const toolRequests: object[] = Object.entries(kindOfEach).map(([type, kind]) => ({
  model: 'claude',
  messages,
  tools: [{ ...toolKinds[kind], type }],
}))
