import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createInspector, type Detector } from '#inspect'
import { formats } from '#wire'
import { findPassages } from './passages.ts'

const scope = { operation: 'chat', tenant: 'acme' }

test('a conversation that goes on is known up to where it was inspected', () => {
  const { inspector } = inspectorWith(10)
  const first = requestOf(turns(40))
  findPassages(first, inspector, scope)?.remember(() => [])
  const next = requestOf(turns(42))
  assert.equal(findPassages(next, inspector, scope)?.known?.parts, first.parts.length)
})

test('a conversation whose beginning changed by one byte is not known', () => {
  const { inspector } = inspectorWith(10)
  findPassages(requestOf(turns(40)), inspector, scope)?.remember(() => [])
  const changed = turns(42).with(3, { role: 'user', content: 'x'.repeat(1000) })
  assert.equal(findPassages(requestOf(changed), inspector, scope)?.known, undefined)
})

test('nothing is known to another tenant, in another format, or to another inspector', () => {
  const { inspector } = inspectorWith(10)
  const request = requestOf(turns(40))
  findPassages(request, inspector, scope)?.remember(() => [])
  assert.equal(findPassages(request, inspector, { ...scope, tenant: 'other' })?.known, undefined)
  assert.equal(findPassages(request, inspector, { ...scope, operation: 'messages' })?.known, undefined)
  assert.equal(findPassages(request, inspectorWith(10).inspector, scope)?.known, undefined)
})

test('nothing is remembered when the operator wants no verdicts remembered', () => {
  assert.equal(findPassages(requestOf(turns(40)), inspectorWith(0).inspector, scope), undefined)
})

test('the digest is the SHA-256 of the whole body', async () => {
  const { sha256Hex } = await import('#crypto')
  const request = requestOf(turns(40))
  assert.equal(findPassages(request, inspectorWith(10).inspector, scope)?.digest, sha256Hex(request.body))
})

test('for any conversation that grows or changes, what is known is what inspecting it would say', () => {
  const content = fc.oneof(fc.constantFrom('plain', 'bad'), fc.string({ maxLength: 20 }))
  const conversation = fc.array(content, { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(conversation, { minLength: 2, maxLength: 6 }), (conversations) => {
      const { inspector } = inspectorWith(1000)
      for (const texts of conversations) {
        const request = requestOf(
          texts.map((text, index) => ({ role: index % 2 ? 'assistant' : 'user', content: pad(text) })),
        )
        const passages = findPassages(request, inspector, scope)
        const verdictsOf = (index: number) => {
          const { text = '', channel = 'user', contentType = 'text' } = request.parts[index] ?? {}
          const found = inspector.inspect({ text, channel, contentType, direction: 'request' }, scope)
          assert.ok(!(found instanceof Promise))
          return found
        }
        for (let index = 0; index < (passages?.known?.parts ?? 0); index++)
          assert.deepEqual(passages?.known?.verdicts.get(index) ?? [], verdictsOf(index))
        passages?.remember(verdictsOf)
      }
    }),
  )
})

function turns(count: number): { role: string; content: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: pad(`${index}`),
  }))
}

/** Long enough that even one turn is worth remembering. */
function pad(text: string): string {
  return text + ' and so on'.repeat(1700)
}

function requestOf(messages: readonly object[]) {
  const request = formats
    .get('chat')
    ?.parseRequest(Buffer.from(JSON.stringify({ model: 'm', messages, tools: [] })), {})
  assert.ok(request)
  return request
}

const finder: Detector = {
  id: 'bad',
  version: '1',
  category: 'secret',
  detect: ({ text }) => {
    const start = text.indexOf('bad')
    return start < 0 ? [] : [{ kind: 'bad', start, end: start + 3, score: 1 }]
  },
}

function inspectorWith(cacheEntries: number) {
  const actions = { request: { secret: 'block' }, response: {} } as const
  return {
    inspector: createInspector({ detectors: [finder], actions, cacheEntries, timeLimitMs: 1000, now: () => 0 }),
  }
}
