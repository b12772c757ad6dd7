import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseErrorBody, replaceInResponse } from '../response.ts'
import { parseChatResponse } from './chat-response.ts'

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function answer(...choices: object[]) {
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o', choices }
}

function choice(index: number, content: string, more: object = {}) {
  return { index, finish_reason: 'stop', message: { role: 'assistant', content, refusal: null }, ...more }
}

/** Log probabilities of a text, one token a character. */
function logprobs(text: string, alternative?: string) {
  const content = [...text].map((token) => ({
    token,
    bytes: [...Buffer.from(token)],
    logprob: -0.5,
    top_logprobs: alternative === undefined ? [] : [{ token: alternative, bytes: null, logprob: -2 }],
  }))
  return { logprobs: { content, refusal: null } }
}

test('each part of an answer belongs to its choice', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'mail', arguments: '{"to":"a"}' } }
  const body = answer(choice(1, 'second'), { ...choice(0, ''), message: { role: 'assistant', tool_calls: [call] } })
  const response = parseChatResponse(encode({ ...body, usage: { prompt_tokens: 9, completion_tokens: 3 } }))
  const seen = response.parts.map(({ path, choice: index, channel, contentType, tool }) => [
    path,
    index,
    channel,
    contentType,
    tool,
  ])
  assert.deepEqual(seen, [
    ['/choices/0/message/content', 1, 'assistant', 'text', undefined],
    ['/choices/1/message/tool_calls/0/function/name', 0, 'tool_call', 'text', 'mail'],
    ['/choices/1/message/tool_calls/0/function/arguments', 0, 'tool_call', 'json', 'mail'],
  ])
  assert.deepEqual(response.usage, { promptTokens: 9, completionTokens: 3, cachedTokens: 0 })
})

test('short names that software gives are names; words of the format and UUIDs are none', () => {
  const { names, parts } = parseChatResponse(
    encode({
      ...answer({ ...choice(0, ''), finish_reason: 'AKIAIOSFODNN7EXAMPLQ' }),
      ...{ id: '4111111111111111', model: 'jane.doe@example.com', system_fingerprint: 'fp_1', service_tier: 'default' },
      ...{ usage: { prompt_tokens: 1, hold_key: 1 }, 'vendor-note': 1 },
    }),
  )
  assert.deepEqual(parts, [])
  assert.deepEqual(
    names.map(({ path, text }) => [path, text]),
    [
      ['/id', '4111111111111111'],
      ['/model', 'jane.doe@example.com'],
      ['/choices/0/finish_reason', 'AKIAIOSFODNN7EXAMPLQ'],
      ['/system_fingerprint', 'fp_1'],
      ['/usage/hold_key~key', 'hold_key'],
      ['/vendor-note~key', 'vendor-note'],
    ],
  )
  const uuid = 'chatcmpl-9c38eddb-3d05-4408-be19-02d30166ad45'
  assert.deepEqual(parseChatResponse(encode({ id: uuid })).names, [])
})

test('an id or model name that is more than an identifier is a part', () => {
  const { parts } = parseChatResponse(
    encode({ ...answer(), id: 'mail me at a@b.example', model: 'x'.repeat(65), system_fingerprint: 'fp_1' }),
  )
  assert.deepEqual(
    parts.map(({ path }) => path),
    ['/id', '/model'],
  )
})

test('token counts that are not whole numbers are not usage', () => {
  for (const usage of [
    null,
    {},
    { prompt_tokens: -1, completion_tokens: 1 },
    { prompt_tokens: '1', completion_tokens: 1 },
    { prompt_tokens: 1.5, completion_tokens: 1 },
    [],
  ]) {
    assert.equal(parseChatResponse(encode({ ...answer(), usage })).usage, undefined, JSON.stringify(usage))
  }
  const usage = { prompt_tokens: 9, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 8 } }
  assert.equal(parseChatResponse(encode({ ...answer(), usage })).usage?.cachedTokens, 8)
})

test('unchanged, an answer comes back as the very same object', () => {
  const response = parseChatResponse(encode(answer(choice(0, 'Hé', logprobs('Hé')))))
  assert.equal(replaceInResponse(response, []), response.body)
})

test('changing a choice removes its log probabilities and keeps those of the others', () => {
  const body = answer(choice(0, 'one', logprobs('one')), choice(1, 'two', logprobs('two')))
  const response = parseChatResponse(encode(body))
  const [part] = response.parts
  assert.ok(part)
  const result = Buffer.from(replaceInResponse(response, [{ part, text: '1' }]))
  assert.deepEqual(
    JSON.parse(result.toString()),
    answer(choice(0, '1', { logprobs: null }), choice(1, 'two', logprobs('two'))),
  )
})

test('log probabilities that spell another text than the answer are removed', () => {
  const spelled = logprobs('one').logprobs.content
  const [first, ...others] = spelled
  const lies: object[] = [
    { content: others },
    { content: [...spelled, ...logprobs('!').logprobs.content] },
    { content: [{ ...first, token: 'secret' }, ...others] },
    { content: [{ ...first, bytes: [...Buffer.from('secret')] }, ...others] },
    { content: [{ ...first, bytes: 'secret' }, ...others] },
    { content: [{ ...first, bytes: [1.5, 300] }, ...others] },
    { content: [{ ...first, note: 'secret' }, ...others] },
    { content: [{ ...first, top_logprobs: [{ token: 'a', logprob: -1, top_logprobs: [] }] }, ...others] },
    { content: spelled, note: 'secret' },
    { content: spelled, refusal: logprobs('No').logprobs.content },
    { content: 'secret' },
    spelled,
  ]
  for (const lie of lies) {
    const response = parseChatResponse(encode(answer(choice(0, 'one', { logprobs: lie }))))
    const result = JSON.parse(Buffer.from(replaceInResponse(response, [])).toString())
    assert.equal(result.choices[0].logprobs, null, JSON.stringify(lie))
  }
})

test('tokens that are pieces of a character spell it by their bytes', () => {
  const [a, b] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
  const pieces = [a, b].map((bytes) => ({
    token: `bytes:\\x${bytes?.toString('hex')}`,
    bytes: [...(bytes ?? [])],
    logprob: -1,
  }))
  const response = parseChatResponse(encode(answer(choice(0, 'é', { logprobs: { content: pieces } }))))
  assert.equal(response.logprobs[0]?.repeatsText, true)
})

test('alternatives to a token, which the answer does not contain, are parts; changing one removes them all', () => {
  const response = parseChatResponse(encode(answer(choice(0, 'a', logprobs('a', 'secret')))))
  const part = response.parts.find(({ text }) => text === 'secret')
  assert.equal(part?.path, '/choices/0/logprobs/content/0/top_logprobs/0/token')
  const result = JSON.parse(Buffer.from(replaceInResponse(response, [{ part, text: '***' }])).toString())
  assert.equal(result.choices[0].logprobs, null)
})

test('what the upstream gets wrong is the upstream’s fault', () => {
  for (const body of [
    '',
    'Bad Gateway',
    '<html>',
    '[]',
    '{"a":1,"a":2}',
    '{"choices":[{"message":{"content":"\\ud800"}}]}',
    '\ufeff{}',
  ]) {
    assert.throws(() => parseChatResponse(Buffer.from(body)), {
      name: 'WireError',
      code: 'invalid_response',
      status: 502,
    })
  }
})

test('an answer of any shape is read, and all its text is in parts', () => {
  const odd = { choices: 'text one', usage: ['text two'], id: { a: 'text three' }, object: [['text four']] }
  assert.deepEqual(
    parseChatResponse(encode(odd)).parts.map(({ text }) => text),
    ['text one', 'text two', 'text three', 'text four'],
  )
  const inside = answer({ index: 'text', message: [{ content: ['x y'] }] })
  assert.deepEqual(
    parseChatResponse(encode(inside)).parts.map(({ path }) => path),
    ['/choices/0/index', '/choices/0/message/0/content/0'],
  )
})

test('the message of an error body is found where servers put it, and every string is a part', () => {
  const bodies: [object, string][] = [
    [
      { error: { message: 'Too many tokens', type: 'invalid_request_error', param: null, code: 'x' } },
      'Too many tokens',
    ],
    [{ object: 'error', message: 'No such model' }, 'No such model'],
    [{ detail: 'Not found' }, 'Not found'],
    [{ error: 'model not loaded' }, 'model not loaded'],
  ]
  for (const [body, message] of bodies) {
    const parsed = parseErrorBody(encode(body))
    assert.equal(parsed.message, message)
    assert.ok(parsed.parts.some(({ text }) => text === message))
  }
  assert.equal(parseErrorBody(encode({ errors: [{ text: 'x y' }] })).message, undefined)
  assert.throws(() => parseErrorBody(Buffer.from('<html>504</html>')), { code: 'invalid_response', status: 502 })
})

test('a long answer with all its alternatives is read, an endless one is not', () => {
  const text = 'word '.repeat(1000)
  const body = encode(answer(choice(0, text, logprobs(text, 'x'))))
  assert.equal(parseChatResponse(body).parts.length, 5001)
  assert.throws(() => parseChatResponse(body, { maxAnswerValues: 1000 }), { code: 'invalid_response', status: 502 })
})
