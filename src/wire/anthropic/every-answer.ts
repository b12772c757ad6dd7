// For tests: every field of an answer and of its events that the official client's types know, filled in.
import type {
  ContentBlock,
  Message,
  RawContentBlockDelta,
  RawMessageStreamEvent,
  TextCitation,
} from '@anthropic-ai/sdk/resources/messages'
import {
  blocks,
  byCode,
  type Complete,
  citationParams,
  direct,
  document,
  type EachKind,
  seal,
} from './every-request.ts'
import { input } from './every-tool.ts'

const citations: EachKind<TextCitation> = {
  char_location: { ...citationParams.char_location, file_id: 'file_1' },
  page_location: { ...citationParams.page_location, file_id: 'file_1' },
  content_block_location: { ...citationParams.content_block_location, file_id: 'file_1' },
  web_search_result_location: citationParams.web_search_result_location,
  search_result_location: citationParams.search_result_location,
}

const answerBlocks: Record<keyof EachKind<ContentBlock>, object> = {
  text: { type: 'text', text: 'Hi', citations: Object.values(citations) },
  thinking: { type: 'thinking', thinking: 'Let me see', signature: seal },
  redacted_thinking: { type: 'redacted_thinking', data: seal },
  tool_use: { type: 'tool_use', id: 'toolu_1', name: 'weather', input, caller: direct, toolset_name: 'sky' },
  server_tool_use: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input, caller: byCode },
  web_search_tool_result: blocks.web_search_tool_result[0] ?? {},
  web_fetch_tool_result: {
    type: 'web_fetch_tool_result',
    tool_use_id: 'srvtoolu_1',
    caller: direct,
    content: {
      type: 'web_fetch_result',
      url: 'https://a.example',
      retrieved_at: '2026-01-01',
      content: { type: 'document', source: document.source, title: 'A title', citations: { enabled: true } },
    },
  },
  code_execution_tool_result: blocks.code_execution_tool_result[0] ?? {},
  bash_code_execution_tool_result: blocks.bash_code_execution_tool_result[0] ?? {},
  text_editor_code_execution_tool_result: blocks.text_editor_code_execution_tool_result[0] ?? {},
  tool_search_tool_result: blocks.tool_search_tool_result[0] ?? {},
  container_upload: { type: 'container_upload', file_id: 'file_4' },
}

const counts = {
  cache_creation_input_tokens: 3,
  cache_read_input_tokens: 4,
  input_tokens: 10,
  output_tokens: 20,
  output_tokens_details: { thinking_tokens: 5 },
  server_tool_use: { web_fetch_requests: 0, web_search_requests: 1 },
}

const container = {
  id: 'container_1',
  expires_at: '2026-01-01T00:00:00Z',
  skills: [{ skill_id: 'pptx', type: 'anthropic' as const, version: 'latest' }],
}
const refusal = { type: 'refusal' as const, category: 'cyber' as const, explanation: 'It is not allowed.' }

const message: Complete<Omit<Message, 'content' | 'container' | 'diagnostics' | 'stop_details' | 'usage'>> = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5',
  stop_reason: 'stop_sequence',
  stop_sequence: 'END',
}

const around = {
  ...message,
  container,
  diagnostics: { cache_miss_reason: { type: 'model_changed', cache_missed_input_tokens: 1 } },
  stop_details: refusal,
  context_management: { applied_edits: [{ type: 'clear_tool_uses_20250919', cleared_input_tokens: 1 }] },
  usage: {
    ...counts,
    cache_creation: { ephemeral_1h_input_tokens: 1, ephemeral_5m_input_tokens: 2 },
    inference_geo: 'eu',
    service_tier: 'standard',
    speed: 'standard',
  },
}

export const tokenCount: object = { input_tokens: 14, context_management: { original_input_tokens: 20, why: 'so' } }

/** Answers with every field, and some that are no message at all. */
export const answers: object[] = [
  { ...around, content: Object.values(answerBlocks) },
  { ...around, content: [{ type: 'text', text: 'Hi', citations: null }], container: null, stop_sequence: null },
  { ...around, content: [{ type: 'new_kind', secret: { deep: ['x'] } }] },
  { type: 'error', error: { type: 'api_error', message: 'Bad' }, request_id: 'req_1' },
  { ...around, content: 'no list' },
]

const deltas: EachKind<RawContentBlockDelta> = {
  text_delta: { type: 'text_delta', text: 'Hi' },
  input_json_delta: { type: 'input_json_delta', partial_json: '{"ci' },
  thinking_delta: { type: 'thinking_delta', thinking: 'Let me' },
  signature_delta: { type: 'signature_delta', signature: seal },
  citations_delta: { type: 'citations_delta', citation: citations.char_location },
} as EachKind<RawContentBlockDelta>

const blockOf: Record<keyof typeof deltas, object> = {
  text_delta: { type: 'text', text: '', citations: null },
  input_json_delta: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {}, caller: direct },
  thinking_delta: { type: 'thinking', thinking: '', signature: '' },
  signature_delta: { type: 'thinking', thinking: '', signature: '' },
  citations_delta: { type: 'text', text: '', citations: null },
}

const begin = { type: 'message_start', message: { ...around, content: [] } }
const blockStart = (content_block: object) => ({ type: 'content_block_start', index: 0, content_block })
const blockDelta = (delta: object) => ({ type: 'content_block_delta', index: 0, delta })

/** An event, and those that must come before it. */
export interface Situation {
  readonly before: readonly object[]
  readonly event: object
}

const kindsOfEvent: Record<RawMessageStreamEvent['type'], Situation[]> = {
  message_start: [{ before: [], event: begin }],
  content_block_start: Object.values(answerBlocks).map((block) => ({ before: [begin], event: blockStart(block) })),
  content_block_delta: [
    ...Object.entries(deltas).map(([type, delta]) => ({
      before: [begin, blockStart(blockOf[type as keyof typeof deltas])],
      event: blockDelta(delta),
    })),
    ...Object.values(citations).map((citation) => ({
      before: [begin, blockStart(blockOf.citations_delta)],
      event: blockDelta({ type: 'citations_delta', citation }),
    })),
    {
      before: [begin, blockStart({ type: 'compaction', content: null })],
      event: blockDelta({ type: 'compaction_delta', content: 'So far', encrypted_content: seal }),
    },
    {
      before: [begin, blockStart({ type: 'new_kind' })],
      event: blockDelta({ type: 'new_delta', words: 'Hi', deep: [{ words: 'Ho' }] }),
    },
  ],
  content_block_stop: [
    { before: [begin, blockStart(blockOf.text_delta)], event: { type: 'content_block_stop', index: 0 } },
  ],
  message_delta: [
    {
      before: [begin],
      event: {
        type: 'message_delta',
        delta: { container, stop_details: refusal, stop_reason: 'stop_sequence', stop_sequence: 'END' },
        usage: counts,
        context_management: { applied_edits: [{ type: 'x' }] },
      },
    },
  ],
  message_stop: [{ before: [begin], event: { type: 'message_stop', extra: ['x'] } }],
}

/** Every event that the client knows, and those that it reads without knowing them. */
export const situations: readonly Situation[] = [
  ...Object.values(kindsOfEvent).flat(),
  { before: [], event: { type: 'ping' } },
  { before: [begin], event: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
  { before: [begin], event: { type: 'new_event', words: ['Hi', { deep: 'Ho' }] } },
]
