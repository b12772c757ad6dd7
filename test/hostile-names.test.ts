// Short names in answers: an upstream could put a secret or somebody's data into an id, where no text is expected.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, sendRaw } from './support/raw.ts'
import { assertOpenAiError } from './support/refused.ts'
import { completion, sendEvents, sendJson, streamOf } from './support/upstream.ts'

const canary = 'canary-7f3a9c2e51'
const gateway = await openGateway({ settings: { inspect: { canaries: [canary] } } })
after(() => gateway.close())
const patience = { timeout: 20_000 }
const { key, upstream } = gateway

/** Each of them looks like a name. */
const smuggled = ['AKIAIOSFODNN7EXAMPLQ', '4111111111111111', 'jane.doe@example.com', canary]
const routes: Record<string, [path: string, body: object, answer: (name: string) => object[]]> = {
  chat: [
    'chat/completions',
    chat('Hi.'),
    (name) => [
      { ...completion('Hi.'), id: name },
      { ...completion('Hi.'), model: name },
      { ...completion('Hi.'), object: name },
      { ...completion('Hi.'), system_fingerprint: name },
      { ...completion('Hi.'), service_tier: name },
      { ...completion('Hi.'), [name]: 1 },
      { ...completion('Hi.'), usage: { [name]: 1 } },
      { choices: [{ index: 0, message: { role: name } }] },
      { choices: [{ index: 0, finish_reason: name, message: { content: 'Hi.' } }] },
      { choices: [{ index: 0, message: { tool_calls: [{ id: name, type: 'function' }] } }] },
      { choices: [{ index: 0, message: { tool_calls: [{ id: 'a', type: name }] } }] },
    ],
  ],
  completions: [
    'completions',
    { model: 'm', prompt: 'Hi.' },
    (name) => [{ id: name, choices: [{ text: 'a' }] }, { choices: [{ text: 'a', finish_reason: name }] }],
  ],
  embeddings: [
    'embeddings',
    { model: 'm', input: 'Hi.' },
    (name) => [{ id: name, data: [] }, { data: [{ object: name, embedding: [1] }] }, { data: [], model: name }],
  ],
}

for (const [what, [path, asked, answersWith]] of Object.entries(routes))
  test(`an answer of ${what} with something in a name is stopped`, patience, async () => {
    for (const name of smuggled)
      for (const answer of answersWith(name)) {
        upstream.answer = (_, response) => sendJson(response, answer)
        const response = await sendRaw(
          gateway.port,
          chatRequest(key, { start: `POST /v1/${path} HTTP/1.1`, body: asked }),
        )
        assertOpenAiError(response, 403, 'answer_blocked', [name])
      }
  })

test('a stream is stopped at the event that has such a name, the first or a later one', patience, async () => {
  for (const name of smuggled)
    for (const at of [0, 1, 2]) {
      const events = streamOf(['Hello to all of you. ']).map((event, i) =>
        i === at ? event.replace('chatcmpl-test', name) : event,
      )
      upstream.answer = (_, response) => sendEvents(response, events)
      const { body } = await sendRaw(gateway.port, chatRequest(key, { body: chat('Hi.', { stream: true }) }))
      assert.match(body, /"code":"answer_blocked"/)
      assert.ok(!body.includes(name), body)
    }
})

test('in the list of models such a name is left out', patience, async () => {
  upstream.answer = (_, response) =>
    sendJson(response, {
      object: 'list',
      data: [...smuggled, 'gpt-4o-2024-08-06'].map((id) => ({ id, object: 'model' })),
    })
  const { status, body } = await sendRaw(
    gateway.port,
    chatRequest(key, {
      start: 'GET /v1/models HTTP/1.1',
      headers: { 'content-length': null, 'content-type': null },
      body: '',
    }),
  )
  assert.equal(status, 200, body)
  assert.deepEqual(
    JSON.parse(body).data.map(({ id }: { id: string }) => id),
    ['gpt-4o-2024-08-06'],
  )
})

test('names as servers give them pass as they are', patience, async () => {
  const ids = [
    'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    'chatcmpl-9c38eddb-3d05-4408-be19-02d30166ad45',
    'chatcmpl-9c38eddb3d054408be1902d30166ad45',
    'gen-1700000000-Zr8Kq2mVb7Yt5Lw9Xc3N',
    '20240606174511a5c3d81b2e4f4c21',
    'msg_01XFDUDYJgAACzvnptvVoYEL',
  ]
  for (const id of ids) {
    const answer = JSON.stringify({
      ...completion('Hi.'),
      id,
      model: 'gpt-4o-2024-08-06',
      system_fingerprint: 'fp_44709d6fcb',
    })
    upstream.answer = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    assert.equal((await sendRaw(gateway.port, chatRequest(key))).body, answer)
  }
})
