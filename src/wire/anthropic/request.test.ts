import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessagesRequest } from './request.ts'

function parse(body: object, options = {}) {
  return parseMessagesRequest(Buffer.from(JSON.stringify({ model: 'claude-test', messages: [], ...body })), options)
}

test('what decisions depend on is read strictly', () => {
  const { model, stream, maxOutputTokens, choices } = parse({ stream: true, max_tokens: 1024 })
  assert.deepEqual(
    { model, stream, maxOutputTokens, choices },
    {
      model: 'claude-test',
      stream: true,
      maxOutputTokens: 1024,
      choices: 1,
    },
  )
  assert.equal(parse({}).maxOutputTokens, undefined)
  for (const wrong of [{ stream: 1 }, { max_tokens: '9' }, { max_tokens: -1 }, { messages: {} }, { model: 'a b' }])
    assert.throws(() => parse(wrong), { code: 'invalid_request', status: 400 })
})

test('texts have the channel of who speaks, and tools are known by name in calls and results', () => {
  const { parts, tools } = parse({
    system: [{ type: 'text', text: 'Be kind.' }],
    tools: [{ name: 'find', description: 'Finds', input_schema: { type: 'object' } }],
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'toolu_1', name: 'find', input: { who: 'Ann' } },
          { type: 'tool_use', id: 'toolu_2', name: 'type', toolset_name: 'browser', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'Ann, 42' }] },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: 'typed' },
          { type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'D' } },
        ],
      },
    ],
  })
  assert.deepEqual(
    tools.map(({ name, description }) => [name, description]),
    [['find', 'Finds']],
  )
  const where = new Map(parts.map(({ text, channel, tool }) => [text, [channel, tool]]))
  const wanted: [text: string, channel: string, tool?: string][] = [
    ['Be kind.', 'system'],
    ['Be brief.', 'system'],
    ['Finds', 'tool_definition', 'find'],
    ['Hi', 'user'],
    ['Ann', 'tool_call', 'find'],
    ['Ann, 42', 'tool_result', 'find'],
    ['typed', 'tool_result', 'browser_type'],
    ['D', 'document'],
    ['T', 'document'],
  ]
  for (const [text, channel, tool] of wanted) assert.deepEqual(where.get(text), [channel, tool], text)
})

test('a thought and its signature are signed, and nothing else is', () => {
  const content = [
    { type: 'text', text: 'Hi' },
    { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'ZGF0YQ==' },
  ]
  const { parts } = parse({ messages: [{ role: 'assistant', content }] })
  assert.deepEqual(
    parts.map(({ text, signed }) => [text, signed]),
    [
      ['Hi', undefined],
      ['Hm', 'text'],
      ['c2ln', 'seal'],
      ['ZGF0YQ==', 'seal'],
    ],
  )
})

test('each option lets pass what it names, on record, and nothing else', () => {
  const base64 = { type: 'base64', data: 'eA==' }
  const url = { type: 'url', url: 'https://a.example/x' }
  const file = { type: 'file', file_id: 'file_1' }
  const withBlock = (block: object) => ({ messages: [{ role: 'user', content: [block] }] })
  const cases: [body: object, options: object, kind: string][] = [
    [withBlock({ type: 'image', source: url }), { images: 'reference' }, 'image'],
    [withBlock({ type: 'image', source: file }), { images: 'reference' }, 'image'],
    [withBlock({ type: 'image', source: { ...base64, media_type: 'image/png' } }), { images: 'any' }, 'image'],
    [withBlock({ type: 'document', source: url }), { files: 'reference' }, 'file'],
    [withBlock({ type: 'document', source: file }), { files: 'reference' }, 'file'],
    [withBlock({ type: 'document', source: { ...base64, media_type: 'application/pdf' } }), { files: 'any' }, 'file'],
    [withBlock({ type: 'container_upload', file_id: 'file_1' }), { serverTools: 'any' }, 'server_tool'],
    [{ tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }, { serverTools: 'any' }, 'server_tool'],
    [{ container: 'container_1' }, { serverTools: 'any' }, 'server_tool'],
    [{ thread: { id: 'thread_1' } }, { storedState: 'any' }, 'stored_state'],
  ]
  const all = { images: 'any', files: 'any', serverTools: 'any', storedState: 'any' }
  for (const [body, options, kind] of cases) {
    const [option] = Object.keys(options)
    assert.throws(() => parse(body, { ...all, [option ?? '']: 'refuse' }), { code: 'opaque_content', status: 400 })
    assert.deepEqual(
      parse(body, options).uninspected.map((each) => each.kind),
      [kind],
    )
  }
  assert.deepEqual(parse({ mcp_servers: [], container: null }).uninspected, [])
})
