// What a model server that speaks Anthropic's Messages API sends.
import type { TestUpstream } from './upstream.ts'
import { sendEvents, sendJson } from './upstream.ts'

export type Block = { readonly type: string } & Readonly<Record<string, unknown>>

const envelope = { id: 'msg_test', type: 'message', role: 'assistant', model: 'claude-test' }
const usage = { input_tokens: 5, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 7 }

export function text(value: string): Block {
  return { type: 'text', text: value, citations: null }
}

export function thinking(value: string, signature = 'c2lnbmVk'): Block {
  return { type: 'thinking', thinking: value, signature }
}

export function toolUse(name: string, input: object, id = 'toolu_1'): Block {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } }
}

/** A whole answer. */
export function messageOf(content: readonly Block[]): object {
  const stop_reason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  return { ...envelope, content, stop_reason, stop_sequence: null, usage }
}

/** An event as it is on the wire. */
export function event(body: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`
}

export const begin = event({
  type: 'message_start',
  message: { ...envelope, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
})

export const ping = event({ type: 'ping' })

export function start(index: number, content_block: Block): string {
  return event({ type: 'content_block_start', index, content_block })
}

export function delta(index: number, body: Block): string {
  return event({ type: 'content_block_delta', index, delta: body })
}

export function textDelta(index: number, value: string): string {
  return delta(index, { type: 'text_delta', text: value })
}

export function stop(index: number): string {
  return event({ type: 'content_block_stop', index })
}

export function end(stop_reason = 'end_turn'): string {
  const last = { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 7 } }
  return event(last) + event({ type: 'message_stop' })
}

/** The same answer as events, its texts in pieces of three characters. */
export function eventsOf(content: readonly Block[]): string[] {
  const stop_reason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  return [begin, ping, ...content.flatMap((block, index) => eventsOfBlock(block, index)), end(stop_reason)]
}

function eventsOfBlock(block: Block, index: number): string[] {
  const pieces = (value: unknown) => `${value}`.match(/.{1,3}/gsu) ?? []
  const around = (first: Block, deltas: readonly string[]) => [start(index, first), ...deltas, stop(index)]
  switch (block.type) {
    case 'text':
      return around(
        text(''),
        pieces(block.text).map((piece) => textDelta(index, piece)),
      )
    case 'thinking':
      return around(thinking('', ''), [
        ...pieces(block.thinking).map((piece) => delta(index, { type: 'thinking_delta', thinking: piece })),
        delta(index, { type: 'signature_delta', signature: block.signature }),
      ])
    case 'tool_use':
      return around(
        { ...block, input: {} },
        pieces(JSON.stringify(block.input)).map((partial_json) =>
          delta(index, { type: 'input_json_delta', partial_json }),
        ),
      )
    default:
      return around(block, [])
  }
}

/** Answers every request as asked for, with what `reply` says to its last text. */
export function converse(reply: (heard: string) => readonly Block[]): TestUpstream['answer'] {
  return (request, response) => {
    if (request.url.includes('/models'))
      return sendJson(response, { data: [modelInfo('claude-test')], has_more: false, first_id: null, last_id: null })
    const body = JSON.parse(request.body)
    if (request.url.endsWith('/count_tokens')) return sendJson(response, { input_tokens: 14 })
    const content = reply(lastText(body.messages))
    if (body.stream === true) sendEvents(response, eventsOf(content))
    else sendJson(response, messageOf(content))
  }
}

export function modelInfo(id: string): object {
  return { type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z', capabilities: { batch: {} } }
}

/** The last text of the last message, also when it is a tool's. */
export function lastText(messages: readonly { content: unknown }[]): string {
  const find = (content: unknown): string => {
    if (typeof content === 'string') return content
    const last = Array.isArray(content) ? content.at(-1) : undefined
    return last?.text ?? find(last?.content)
  }
  return find(messages.at(-1)?.content)
}
