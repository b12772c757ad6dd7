import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireErrorCode } from '../errors.ts'
import type { WireOptions } from '../options.ts'
import { parseChatRequest } from './chat-request.ts'

const user = { role: 'user', content: 'Hi' }

function read(fields: object, options?: Partial<WireOptions>) {
  return parseChatRequest(encode({ model: 'gpt-4o', messages: [user], ...fields }), options)
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function refuses(fields: object, code: WireErrorCode, param: string | null, options?: Partial<WireOptions>): void {
  assert.throws(() => read(fields, options), { name: 'WireError', code, status: 400, param }, JSON.stringify(fields))
}

test('each part has its path, role, channel, tool and exact bytes', () => {
  const request = read({
    messages: [
      { role: 'developer', content: 'Be kind' },
      { role: 'user', content: [{ type: 'text', text: 'Weather in Ås?' }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Ås"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '7 degrees' },
    ],
    tools: [{ type: 'function', function: { name: 'weather', description: 'The weather', parameters: {} } }],
  })
  const seen = request.parts.map(({ path, role, channel, contentType, tool, text }) =>
    [path, role, channel, contentType, tool ?? '-', text].join(' | '),
  )
  assert.deepEqual(seen, [
    '/messages/0/content | developer | system | text | - | Be kind',
    '/messages/1/content/0/text | user | user | text | - | Weather in Ås?',
    '/messages/2/tool_calls/0/id | assistant | tool_call | text | weather | call_1',
    '/messages/2/tool_calls/0/function/name | assistant | tool_call | text | weather | weather',
    '/messages/2/tool_calls/0/function/arguments | assistant | tool_call | json | weather | {"city":"Ås"}',
    '/messages/3/tool_call_id | tool | tool_result | text | weather | call_1',
    '/messages/3/content | tool | tool_result | text | weather | 7 degrees',
    '/tools/0/function/name | tool | tool_definition | text | weather | weather',
    '/tools/0/function/description | tool | tool_definition | text | weather | The weather',
  ])
  for (const { start, end, text } of request.parts) {
    assert.equal(Buffer.from(request.body).toString('utf8', start, end), JSON.stringify(text))
  }
  assert.deepEqual(
    request.tools.map(({ name, description, path }) => ({ name, description, path })),
    [{ name: 'weather', description: 'The weather', path: '/tools/0' }],
  )
})

test('a block spans one whole message or tool definition and knows its parts', () => {
  const tool = { type: 'function', function: { name: 'f', parameters: { properties: { place: { type: 'string' } } } } }
  const messages = [user, { role: 'assistant', content: 'Yes', name: 'bot' }]
  const { body, blocks, parts } = read({ messages, tools: [tool] })
  const spans = blocks.map(({ start, end }) => JSON.parse(Buffer.from(body).toString('utf8', start, end)))
  assert.deepEqual(spans, [...messages, tool])
  for (const { path, firstPart, endPart } of blocks) {
    assert.ok(endPart > firstPart)
    parts.forEach((part, i) => {
      assert.equal(part.path.startsWith(`${path}/`), i >= firstPart && i < endPart)
    })
  }
})

test('property names of a tool schema are parts, the words of JSON Schema are not', () => {
  const parameters = { type: 'object', properties: { ssn: { type: 'string', format: 'x-ssn' } }, required: ['ssn'] }
  const { parts } = read({ tools: [{ type: 'function', function: { name: 'f', parameters } }] })
  const found = parts.filter(({ channel }) => channel === 'tool_definition').map(({ text, isKey }) => [text, isKey])
  assert.deepEqual(found, [
    ['f', false],
    ['ssn', true],
    ['x-ssn', false],
    ['ssn', false],
  ])
})

test('reads what decisions depend on: model, stream, choices, token limit', () => {
  const request = read({
    stream: true,
    n: 3,
    max_tokens: 50,
    max_completion_tokens: 40,
    stream_options: { include_usage: true },
  })
  assert.equal(request.model, 'gpt-4o')
  assert.deepEqual([request.modelPart.start, request.modelPart.end], [9, 17])
  assert.deepEqual(
    [request.stream, request.includeUsage, request.choices, request.maxOutputTokens],
    [true, true, 3, 50],
  )
  const plain = read({ stream: null, n: null, max_tokens: null })
  assert.deepEqual(
    [plain.stream, plain.includeUsage, plain.choices, plain.maxOutputTokens],
    [false, false, 1, undefined],
  )
})

test('values that some servers convert and others do not are refused', () => {
  for (const stream of ['true', 1, [], {}]) assert.throws(() => read({ stream }), { status: 400 })
  for (const n of ['2', 1.5, -1, 0, 1e300, true, [1]]) assert.throws(() => read({ n }), { status: 400 }, `n: ${n}`)
  for (const max_tokens of ['9', -1, 0.5, {}]) assert.throws(() => read({ max_tokens }), { status: 400 })
  refuses({ stream_options: { include_usage: 'yes' } }, 'invalid_request', 'stream_options.include_usage')
  refuses({ store: 'true' }, 'invalid_request', 'store')
})

test('more answers than allowed are refused', () => {
  assert.equal(read({ n: 16 }).choices, 16)
  refuses({ n: 17 }, 'invalid_request', 'n')
  refuses({ n: 3 }, 'invalid_request', 'n', { maxChoices: 2 })
})

test('a body without a model, without messages, or that is no object is refused', () => {
  for (const body of [[], 'x', 1, null, {}, { model: 'm' }, { messages: [] }, { model: 'm', messages: 'Hi' }]) {
    assert.throws(() => parseChatRequest(encode(body)), { code: 'invalid_request', status: 400 }, JSON.stringify(body))
  }
  for (const model of ['', ' ', 'a b', '../x', 'm\n', 'x'.repeat(257), 7, null, 'modèle']) {
    assert.throws(() => read({ model }), { code: 'invalid_request', param: 'model' })
  }
  for (const model of ['org/model-7B:free', 'ft:gpt-4o:acme:x:9', '@cf/meta/llama', 'llama3.1:8b']) {
    assert.equal(read({ model }).model, model)
  }
})

test('a message without a role that we know is refused', () => {
  for (const role of [undefined, null, '', 'User', 'root', 7]) {
    refuses({ messages: [user, { role, content: 'x' }] }, 'invalid_request', 'messages[1].role')
  }
})

test('a key that differs from a known one by letter case is refused, since Go servers take it for the known one', () => {
  refuses({ Model: 'gpt-5' }, 'ambiguous_key', null)
  refuses({ 'me\u017f\u017fages': [user] }, 'ambiguous_key', null)
  refuses({ to\u212aens: 1, 'max_to\u212aens': 1 }, 'ambiguous_key', null)
  refuses({ messages: [{ ...user, Content: 'x' }] }, 'ambiguous_key', 'messages[0]')
  refuses(
    { tools: [{ type: 'function', function: { name: 'f', Parameters: {} } }] },
    'ambiguous_key',
    'tools[0].function',
  )
})

test('unknown scalars pass, unknown strings are parts, unknown structure that carries text is refused', () => {
  assert.equal(
    read({ new_switch: true, new_number: 0.5, new_null: null }).parts.filter(({ isKey }) => !isKey).length,
    1,
  )
  assert.ok(
    read({ new_text: 'Hello there' }).parts.some(({ path, text }) => path === '/new_text' && text === 'Hello there'),
  )
  assert.ok(read({ chat_template_kwargs: { enable_thinking: false, sizes: [1, 2] } }))
  refuses({ extra: { note: 'Hello' } }, 'unknown_content', 'extra')
  refuses({ extra: [['Hello']] }, 'unknown_content', 'extra')
  refuses({ messages: [{ ...user, more: [{ text: 'x' }] }] }, 'unknown_content', 'messages[0].more')
  const { parts } = read({ extra: { note: ['Hello'] } }, { unknown: 'inspect' })
  assert.ok(parts.some(({ path, text }) => path === '/extra/note/0' && text === 'Hello'))
})

test('a kind of content or tool that we do not know is refused', () => {
  refuses(
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: 'x' }] }] },
    'unknown_content',
    'messages[0].content[0]',
  )
  refuses({ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'unknown_content', 'messages[0].content[0]')
  refuses({ messages: [{ role: 'user', content: ['x'] }] }, 'unknown_content', 'messages[0].content[0]')
  refuses({ tools: [{ type: 'mcp', server_url: 'https://a.example' }] }, 'unknown_content', 'tools[0]')
  assert.throws(() => read({ messages: [{ role: 'user', content: { text: 'x' } }] }), { code: 'unknown_content' })
})

test('what cannot be seen is refused with the name of the option that allows it', () => {
  const content = (part: object) => ({ messages: [{ role: 'user', content: [part] }] })
  const image = (url: string) => content({ type: 'image_url', image_url: { url } })
  const cases: [object, Partial<WireOptions>, string][] = [
    [image('https://a.example/cat.png'), { images: 'reference' }, 'image'],
    [image('data:image/png;base64,aaaa'), { images: 'any' }, 'image'],
    [content({ type: 'file', file: { file_id: 'file-1' } }), { files: 'reference' }, 'file'],
    [content({ type: 'file', file: { file_data: 'aaaa' } }), { files: 'any' }, 'file'],
    [content({ type: 'input_audio', input_audio: { data: 'aaaa', format: 'wav' } }), { audio: 'any' }, 'audio'],
    [{ modalities: ['text', 'audio'] }, { audio: 'any' }, 'audio'],
    [{ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, { audio: 'any' }, 'audio'],
    [{ store: true }, { storedState: 'any' }, 'stored_state'],
    [{ previous_response_id: 'resp_1' }, { storedState: 'any' }, 'stored_state'],
    [{ conversation: { id: 'conv_1' } }, { storedState: 'any' }, 'stored_state'],
  ]
  for (const [fields, options, kind] of cases) {
    assert.throws(() => read(fields), new RegExp(`option "${Object.keys(options)[0]}"`))
    assert.throws(() => read(fields), { code: 'opaque_content', status: 400 })
    assert.deepEqual(
      read(fields, options).uninspected.map((entry) => entry.kind),
      [kind],
    )
  }
  assert.throws(() => read(image('data:image/png;base64,aaaa'), { images: 'reference' }), { code: 'opaque_content' })
})

test('an image is an https URL or a data URL of an image, whatever is allowed', () => {
  for (const url of [
    'http://a.example/x',
    'file:///etc/passwd',
    'data:text/plain;base64,aaaa',
    's3://b/k',
    ' https://a.example',
    '',
    7,
  ]) {
    const content = [{ type: 'image_url', image_url: { url } }]
    refuses({ messages: [{ role: 'user', content }] }, 'invalid_request', 'messages[0].content[0].image_url.url', {
      images: 'any',
    })
  }
})

test('log probabilities pass in whole answers, and in streams only to be dropped', () => {
  assert.ok(read({ logprobs: true, top_logprobs: 2 }))
  assert.ok(read({ stream: true, logprobs: false }))
  refuses({ stream: true, logprobs: true }, 'opaque_content', 'logprobs')
  assert.ok(read({ stream: true, logprobs: true }, { streamedLogprobs: 'drop' }).stream)
})

test('an answer of the client library that is sent back as a message is read', () => {
  const { parts } = read({
    messages: [
      {
        role: 'assistant',
        content: '{"a":1}',
        refusal: null,
        annotations: [
          {
            type: 'url_citation',
            url_citation: { start_index: 0, end_index: 1, title: 'T', url: 'https://u.example' },
          },
        ],
        parsed: { a: 'parsed text' },
        tool_calls: [
          { id: 'c', type: 'function', function: { name: 'f', arguments: '{}', parsed_arguments: { b: 'deep' } } },
        ],
      },
    ],
  })
  const texts = parts.map(({ text }) => text)
  for (const text of ['T', 'https://u.example', 'parsed text', 'deep']) assert.ok(texts.includes(text), text)
})

test('hostile sizes are refused quickly', () => {
  assert.throws(() => parseChatRequest(Buffer.from(`{"a":${'['.repeat(100_000)}`)), {
    code: 'json_too_complex',
    status: 413,
  })
  const keys = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, i]))
  assert.equal(read(keys).parts.filter(({ isKey }) => isKey).length, 40_000)
  assert.equal(
    read({ messages: [{ role: 'user', content: '\u{1f424}'.repeat(1 << 20) }] }).parts[0]?.text.length,
    2 << 20,
  )
})

test('a content that is no text is refused, whatever it could be read as', () => {
  for (const content of [4111111111111111, true]) {
    const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }))
    assert.throws(() => parseChatRequest(body), { code: 'invalid_request', param: 'messages[0].content' })
  }
})

test('what stands in the place of inline media and is none does not pass unseen, whatever the options', () => {
  const request = (file_data: unknown) => ({
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'file', file: { file_data } }] }],
  })
  for (const value of [{ text: 'Hello' }, ['Hello']])
    assert.throws(() => parseChatRequest(Buffer.from(JSON.stringify(request(value))), { files: 'any' }), {
      code: 'invalid_request',
    })
})
