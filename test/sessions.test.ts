// A placeholder is known only to the key that it was made for, in the session that was named when it was made.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openGateway, type TestGateway } from './support/gateway.ts'
import { completion, sendJson } from './support/upstream.ts'

let gateway: TestGateway
let otherKey: string

before(async () => {
  gateway = await openGateway()
  const created = await gateway.installation.keys.create({ name: 'o', principal: 'p', tenant: 't', scopes: ['chat'] })
  otherKey = created.secret
})

after(() => gateway.close())

/** Says `text`; the model answers with what it was sent. @returns what the model saw and what came back */
async function echo(text: string, key: string, session?: string): Promise<{ seen: string; answer: string }> {
  let seen = ''
  gateway.upstream.answer = ({ body }, response) => {
    seen = JSON.parse(body).messages[0].content
    sendJson(response, completion(seen))
  }
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(session === undefined ? {} : { 'holdfast-session': session }),
    },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] }),
  })
  return { seen, answer: JSON.parse(await response.text()).choices[0].message.content }
}

test('in one session a value has one placeholder, which may be sent back', async () => {
  const first = await echo('write to ann@example.org', gateway.key, 'a')
  assert.match(first.seen, /^write to \[EMAIL_[a-z2-7]{8}\]$/)
  const placeholder = first.seen.slice(9)
  const again = await echo(`and to ${placeholder}, once more`, gateway.key, 'a')
  assert.equal(again.seen, `and to ${placeholder}, once more`)
  assert.equal(again.answer, 'and to ann@example.org, once more')
})

test('a placeholder of another session or another key is escaped, and resolves to nothing', async () => {
  const { seen } = await echo('ann@example.org', gateway.key, 'b')
  for (const [key, session] of [
    [gateway.key, 'c'],
    [gateway.key, undefined],
    [otherKey, 'b'],
  ] as const) {
    const foreign = await echo(`what is ${seen}?`, key, session)
    assert.match(foreign.seen, /^what is \[LITERAL_[a-z2-7]{8}\]\?$/)
    assert.equal(foreign.answer, `what is ${seen}?`)
  }
})

test('without a named session no placeholder is recognised: the key is shared, and so would the value be', async () => {
  const { seen } = await echo('ann@example.org', gateway.key)
  const planted = await echo(`what is ${seen}?`, gateway.key)
  assert.match(planted.seen, /^what is \[LITERAL_[a-z2-7]{8}\]\?$/)
  assert.equal(planted.answer, `what is ${seen}?`)
})
