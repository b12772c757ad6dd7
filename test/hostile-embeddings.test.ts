// Embeddings, met with bodies that hide text from inspection, and upstreams that put text where vectors belong.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chatRequest, sendRaw } from './support/raw.ts'
import { assertOpenAiError, assertRefused } from './support/refused.ts'
import { sendJson } from './support/upstream.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 20_000 }
const { key, upstream } = gateway
const secret = 'use AKIAIOSFODNN7EXAMPLQ now'

const bodies: Record<string, [body: string, status: number, code: string]> = {
  'an input twice': ['{"model":"m","input":"a","input":"evil"}', 400, 'duplicate_key'],
  'an input in capitals': ['{"model":"m","input":"a","INPUT":"evil"}', 400, 'ambiguous_key'],
  'an input in tokens': ['{"model":"m","input":[101,118,105,108]}', 400, 'opaque_content'],
  'inputs in tokens': ['{"model":"m","input":[[101],[118]]}', 400, 'opaque_content'],
  'inputs in text and tokens': ['{"model":"m","input":["evil",118]}', 400, 'invalid_request'],
  'an input that is an object': ['{"model":"m","input":{"text":"evil"}}', 400, 'invalid_request'],
  'images as inputs': ['{"model":"m","input":[{"image_url":"https://evil.example/a.png"}]}', 400, 'invalid_request'],
  'no input': ['{"model":"m"}', 400, 'invalid_request'],
  'another host': ['{"model":"m","input":"a","base_url":"https://evil.example"}', 400, 'refused_field'],
  'an unknown list': ['{"model":"m","input":"a","inputs":["evil"]}', 400, 'unknown_content'],
  'inputs without end': [`{"model":"m","input":[${'"a",'.repeat(100_001)}"evil"]}`, 413, 'json_too_complex'],
  'vectors 10,000 deep': [`{"model":"m","input":${'['.repeat(10_000)}1${']'.repeat(10_000)}}`, 413, 'json_too_complex'],
}
for (const [what, [body, status, code]] of Object.entries(bodies))
  test(`a request with ${what} is refused`, patience, () =>
    assertRefused(gateway, request(body), { status, code, hostile: ['evil'] }),
  )

test('text in place of numbers is inspected, in base64 or not', patience, async () => {
  for (const embedding of [secret, [0.5, secret], [[secret]], [{ note: secret }], { a: secret }])
    assert.doesNotMatch(await answered({ data: [{ index: 0, embedding }] }), /AKIA/, JSON.stringify(embedding))
  assert.doesNotMatch(await answered({ data: secret }), /AKIA/)
  assert.doesNotMatch(await answered({ data: [], note: [[secret]] }), /AKIA/)
})

const unreadable: Record<string, string> = {
  'numbers that are none': '{"data":[{"embedding":[1,2,-]}]}',
  'a list without its end': '{"data":[{"embedding":[1,2,3',
  'a vector twice': '{"data":[{"embedding":[1],"embedding":"evil"}]}',
  'lists 10,000 deep': `{"data":${'['.repeat(10_000)}1${']'.repeat(10_000)}}`,
  'a web page': '<html>evil</html>',
}
for (const [what, body] of Object.entries(unreadable))
  test(`an answer with ${what} is not delivered`, patience, async () => {
    upstream.answer = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    assertOpenAiError(await sendRaw(gateway.port, request()), 502, 'invalid_response', ['evil'])
  })

function request(body: string | object = { model: 'm', input: 'Hi.' }): Buffer {
  return chatRequest(key, { start: 'POST /v1/embeddings HTTP/1.1', body })
}

async function answered(value: object): Promise<string> {
  upstream.answer = (_, response) => sendJson(response, value)
  const { status, body } = await sendRaw(gateway.port, request())
  assert.equal(status, 200, body)
  return body
}
