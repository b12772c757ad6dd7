import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseChatRequest } from './openai/chat-request.ts'
import { refuseSteering } from './steering.ts'

const refused = { code: 'refused_field', status: 400 }

test('a field that names a host, a credential or a check to skip is refused, however it is spelled', () => {
  const names = [
    'api_base',
    'apiBase',
    'API-BASE',
    'ａｐｉ＿ｂａｓｅ',
    'extra_headers',
    'aws_role_name',
    'disable_guardrails',
  ]
  for (const name of names) assert.throws(() => refuseSteering(name, '/x'), refused, name)
})

test('letter case, dashes and underscores make no other name of it', () => {
  const spelling = fc.array(fc.tuple(fc.boolean(), fc.constantFrom('', '_', '-')), { minLength: 7, maxLength: 7 })
  fc.assert(
    fc.property(spelling, (choices) => {
      const name = choices.map(([isUpper, gap], at) => {
        const letter = 'apibase'.charAt(at)
        return (isUpper ? letter.toUpperCase() : letter) + gap
      })
      assert.throws(() => refuseSteering(name.join(''), '/x'), refused)
    }),
  )
})

test('sampling parameters of compatible servers are not taken for it', () => {
  const names = ['top_k', 'min_p', 'repetition_penalty', 'best_of', 'ignore_eos', 'stop_token_ids', 'cache_salt']
  for (const name of [...names, 'chat_template_kwargs', 'enable_thinking', 'guided_json', 'keep_alive', 'num_ctx'])
    assert.doesNotThrow(() => refuseSteering(name, '/x'), name)
})

test('it is refused at the top of a request only, and no option lets it pass', () => {
  const request = { model: 'm', messages: [{ role: 'user', content: 'Hi.' }] }
  const parse = (body: object) => parseChatRequest(Buffer.from(JSON.stringify(body)), { unknown: 'inspect' })
  assert.throws(() => parse({ ...request, api_base: null }), { ...refused, param: 'api_base' })
  assert.doesNotThrow(() => parse({ ...request, metadata: { host: 'web-1', key: 'a' } }))
})
