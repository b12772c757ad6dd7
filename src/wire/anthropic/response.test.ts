import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anthropicError, anthropicErrorEvent } from './error-body.ts'
import { parseMessage, parseTokenCount, replaceInMessage } from './response.ts'

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function message(...content: object[]) {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-test', content, stop_reason: 'end_turn' }
}

const call = { type: 'tool_use', id: 'toolu_1', name: 'mail', input: { to: 'ä', list: [1, { deep: 'b' }] } }
const thought = { type: 'thinking', thinking: 'Hm', signature: 'c2ln' }

/** The answer with the texts of some paths replaced. */
function replaced(body: Buffer, texts: Readonly<Record<string, string>>): Buffer {
  const response = parseMessage(body)
  const edits = response.parts.flatMap((part) => {
    const text = texts[part.path]
    return text === undefined ? [] : [{ part, text }]
  })
  assert.equal(edits.length, Object.keys(texts).length, 'every path is that of a part')
  return Buffer.from(replaceInMessage(response, edits))
}

test('each part of an answer belongs to its content block, and says how it is read', () => {
  const cited = { type: 'text', text: 'Hi', citations: [{ type: 'char_location', cited_text: 'Ho' }] }
  const { parts } = parseMessage(encode(message(thought, cited, call)))
  assert.deepEqual(
    parts.map(({ path, choice, channel, contentType, tool, signed, reading }) => [
      ...[path, choice, channel, contentType, tool],
      signed ?? reading,
    ]),
    [
      ['/content/0/thinking', 0, 'assistant', 'text', undefined, 'text'],
      ['/content/0/signature', 0, 'assistant', 'text', undefined, 'seal'],
      ['/content/1/text', 1, 'assistant', 'text', undefined, 'joined'],
      ['/content/1/citations/0/cited_text', 1, 'document', 'text', undefined, 'alone'],
      ['/content/2/name', 2, 'tool_call', 'text', 'mail', undefined],
      ['/content/2/input', 2, 'tool_call', 'json', 'mail', 'alone'],
    ],
  )
})

test('the arguments of a call are one JSON text, as they are in the body', () => {
  const body = Buffer.from(JSON.stringify(message(call)).replace('"to":', '"to"  :'))
  const part = parseMessage(body).parts.find(({ path }) => path === '/content/0/input')
  assert.equal(part?.text, '{"to"  :"ä","list":[1,{"deep":"b"}]}')
})

test('changed arguments stay JSON, and everything around them stays as it was', () => {
  const body = encode(message({ type: 'text', text: 'Hi' }, call))
  const changed = replaced(body, { '/content/1/input': '{"to":"ö\\""}', '/content/0/text': 'Ho "x"' })
  assert.deepEqual(
    JSON.parse(changed.toString()),
    message({ type: 'text', text: 'Ho "x"' }, { ...call, input: { to: 'ö"' } }),
  )
})

test('arguments that a change has made something else are refused', () => {
  const body = encode(message(call))
  for (const text of ['{"to":[removed]}', '"text"', '7', '', '{"a":1,"a":2}', '{"a":1} {}'])
    assert.throws(() => replaced(body, { '/content/0/input': text }), { code: 'invalid_response', status: 502 }, text)
})

test('a thought that is changed loses its signature, and another one keeps its own', () => {
  const body = encode(message(thought, { ...thought, thinking: 'Ha' }))
  assert.deepEqual(JSON.parse(replaced(body, { '/content/0/thinking': 'Hm.' }).toString()).content, [
    { ...thought, thinking: 'Hm.', signature: '' },
    { ...thought, thinking: 'Ha' },
  ])
})

test('a signature or an encrypted thought that is changed is gone', () => {
  const body = encode(message(thought, { type: 'redacted_thinking', data: 'ZGF0YQ==' }))
  const changed = replaced(body, { '/content/0/signature': 'x', '/content/1/data': 'y' })
  assert.deepEqual(JSON.parse(changed.toString()).content, [
    { ...thought, signature: '' },
    { type: 'redacted_thinking', data: '' },
  ])
})

test('an answer that is not changed is the same object', () => {
  const body = encode(message(thought, call))
  assert.equal(replaceInMessage(parseMessage(body), []), body)
})

test('what the provider caches counts as part of the prompt', () => {
  const read = (usage: unknown) => parseMessage(encode({ ...message(), usage })).usage
  const counts = { input_tokens: 10, output_tokens: 4 }
  assert.deepEqual(read(counts), { promptTokens: 10, completionTokens: 4, cachedTokens: 0 })
  assert.deepEqual(read({ ...counts, cache_creation_input_tokens: 2, cache_read_input_tokens: 3 }), {
    promptTokens: 15,
    completionTokens: 4,
    cachedTokens: 3,
  })
  assert.deepEqual(read({ ...counts, cache_read_input_tokens: null }), read(counts))
  for (const usage of [
    undefined,
    {},
    { input_tokens: 1 },
    { ...counts, input_tokens: -1 },
    { ...counts, output_tokens: '4' },
  ])
    assert.equal(read(usage), undefined)
})

test('counted tokens cost nothing', () => {
  const { parts, usage } = parseTokenCount(encode({ input_tokens: 14 }))
  assert.deepEqual([parts, usage], [[], undefined])
})

test('an inline document in an answer is content that nobody sees', () => {
  const source = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
  const content = { type: 'web_fetch_result', url: 'https://a.example', content: { type: 'document', source } }
  const body = encode(message({ type: 'web_fetch_tool_result', tool_use_id: 'srvtoolu_1', content }))
  assert.throws(() => parseMessage(body), { code: 'opaque_content', status: 502 })
  assert.equal(parseMessage(body, { files: 'any' }).uninspected.length, 1)
})

test('an error says its kind by the status, and our own code in its details', () => {
  const kinds = [400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504, 529].map((status) => {
    const { error } = JSON.parse(anthropicError({ status, code: 'x', message: 'y' }).toString())
    return [status, error.type]
  })
  assert.deepEqual(kinds, [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [405, 'invalid_request_error'],
    [413, 'request_too_large'],
    [415, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'api_error'],
    [504, 'timeout_error'],
    [529, 'overloaded_error'],
  ])
  const fields = { status: 400, code: 'x', message: 'y', param: 'messages[0]', requestId: 'ex_1' }
  assert.equal(
    anthropicErrorEvent(fields).toString(),
    'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"y","details":{"error_code":"x","param":"messages[0]"}},"request_id":"ex_1"}\n\n',
  )
})
