// Bad input, group 15: a secret, an address or a placeholder cut over the pieces of a stream, wherever the cut falls.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, sendRaw } from './support/raw.ts'
import { sendEvents, streamOf } from './support/upstream.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 20_000 }
const { key, upstream } = gateway
const secret = 'AKIAIOSFODNN7EXAMPLQ'
const text = `Grüße 🔑 use ${secret} and ask jane.doe@example.com or 4111 1111 1111 1111 now`
const clean = 'Grüße 🔑 use [aws access key removed] and ask [email removed] or [card removed] now'

test('what is found does not depend on where the deltas are cut', patience, async () => {
  for (let at = 1; at < text.length; at++) {
    if (isLow(text, at)) continue
    assert.equal(await contentOf(streamOf([text.slice(0, at), text.slice(at)])), clean, `cut at ${at}`)
  }
  assert.equal(await contentOf(streamOf([...text])), clean, 'cut everywhere')
})

test('deltas of two choices in turn are two texts', patience, async () => {
  const events = [
    chunk({ content: 'use AKIAIOSF' }, 0),
    chunk({ content: 'other AKIA' }, 1),
    chunk({ content: 'ODNN7EXAMPLQ now' }, 0),
    chunk({ content: 'IOSFODNN7EXAMPLQ too' }, 1),
    chunk({}, 1, 'stop'),
    chunk({}, 0, 'stop'),
    done,
  ]
  const body = await bodyOf(events)
  assert.equal(joined(body, 0, 'content'), 'use [aws access key removed] now')
  assert.equal(joined(body, 1, 'content'), 'other [aws access key removed] too')
})

for (const field of ['content', 'refusal', 'reasoning_content', 'reasoning'])
  test(`the field ${field} is inspected over its pieces`, patience, async () => {
    const events = ['use AKIAIO', 'SFODNN7EX', 'AMPLQ now'].map((piece) => chunk({ [field]: piece }))
    const body = await bodyOf([...events, chunk({}, 0, 'stop'), done])
    assert.equal(joined(body, 0, field), 'use [aws access key removed] now')
  })

test('the fields of one choice in turn are texts of their own', patience, async () => {
  const events = [
    chunk({ reasoning_content: 'AKIAIOSF' }),
    chunk({ content: 'Hello ' }),
    chunk({ reasoning_content: 'ODNN7EXAMPLQ.' }),
    chunk({ content: 'there.' }, 0, 'stop'),
    done,
  ]
  const body = await bodyOf(events)
  assert.equal(joined(body, 0, 'reasoning_content'), '[aws access key removed].')
  assert.equal(joined(body, 0, 'content'), 'Hello there.')
})

test('arguments of tools are inspected over their pieces, escapes and all', patience, async () => {
  const args = JSON.stringify({ note: `a "quoted" ${secret}`, mail: 'jane.doe@example.com' }).replace(
    'AKIA',
    '\\u0041KIA',
  )
  for (const size of [1, 3, 7, 20]) {
    const pieces = args.match(new RegExp(`.{1,${size}}`, 'gs')) ?? []
    const [first = '', ...rest] = pieces
    const events = [
      chunk({
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'note', arguments: first } }],
      }),
      ...rest.map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
      chunk({}, 0, 'tool_calls'),
      done,
    ]
    const body = await bodyOf(events)
    assert.doesNotMatch(body, /IOSFODNN|jane\.doe/)
    const result = eventsOf(body)
      .map(({ choices }) => choices?.[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? '')
      .join('')
    assert.deepEqual(JSON.parse(result), { note: 'a "quoted" [aws access key removed]', mail: '[email removed]' })
  }
})

test('two calls in turn, and the older function_call, are inspected each', patience, async () => {
  const call = (index: number, args: string) => chunk({ tool_calls: [{ index, function: { arguments: args } }] })
  const old = (args: string) => chunk({ function_call: { arguments: args } })
  const events = [call(0, '{"a":"AKIAIOSF'), call(1, '{"b":"AKIA'), old('{"c":"AKIAIOSFO')]
  const rest = [call(0, 'ODNN7EXAMPLQ"}'), old('DNN7EXAMPLQ"}'), call(1, 'IOSFODNN7EXAMPLQ"}')]
  const body = await bodyOf([...events, ...rest, chunk({}, 0, 'stop'), done])
  assert.equal(body.match(/aws access key removed/g)?.length, 3)
  assert.doesNotMatch(body, /ODNN7|IOSF/)
})

const spellings: Record<string, (events: string[]) => (string | Uint8Array)[]> = {
  'one byte at a time, characters cut in the middle': (events) =>
    [...Buffer.from(events.join(''))].map((byte) => Uint8Array.of(byte)),
  'in pieces of 7 bytes': (events) => piecesOf(Buffer.from(events.join('')), 7),
  'with CRLF': (events) => events.map((event) => event.replaceAll('\n', '\r\n')),
  'with CR': (events) => events.map((event) => event.replaceAll('\n', '\r')),
  'with CR and LF in separate pieces': (events) =>
    events
      .join('')
      .replaceAll('\n', '\r\n')
      .split(/(?<=\r)/),
  'without a space after data:': (events) => events.map((event) => event.replace('data: ', 'data:')),
  'over several data: lines': (events) => events.map((event) => event.replaceAll(',"', ',\ndata: "')),
  'with a byte order mark': (events) => [`\ufeff${events.join('')}`],
  'with comments between': (events) => events.flatMap((event) => [': keep alive\n\n', event]),
  'with names and ids': (events) => events.map((event) => `event: message\nid: 1\n${event}`),
  'with escapes for every letter': (events) =>
    events.map((event) =>
      event.replace(/"content":"([^"]*)"/, (_, value: string) => `"content":"${[...value].map(escaped).join('')}"`),
    ),
  'without the last blank line': (events) => [events.join('').replace(/\n\n$/, '')],
  'without [DONE]': (events) => events.filter((event) => event !== done),
  'without a finish_reason': (events) => events.filter((event) => !event.includes('"stop"')),
}
for (const [what, spell] of Object.entries(spellings))
  test(`a stream ${what} is the same stream`, patience, async () => {
    assert.equal(await contentOf(spell(streamOf(['Grüße 🔑 use AKIAIOSF', text.slice(text.indexOf('ODNN7'))]))), clean)
  })

test('a placeholder comes back as its value, wherever the model cuts it', patience, async () => {
  const { placeholder } = await mask('jane.doe@example.com')
  for (let at = 1; at < placeholder.length; at++) {
    const content = await contentOf(
      streamOf([`Ask ${placeholder.slice(0, at)}`, `${placeholder.slice(at)} today.`]),
      'Ask jane.doe@example.com.',
    )
    assert.equal(content, 'Ask jane.doe@example.com today.', `cut at ${at}`)
  }
  assert.equal(await contentOf(streamOf([...placeholder, '.']), 'Ask jane.doe@example.com.'), 'jane.doe@example.com.')
})

test('a placeholder that was not in this request is no value, wherever it comes from', patience, async () => {
  const { placeholder } = await mask('jane.doe@example.com')
  assert.equal(await contentOf(streamOf([placeholder, '.'])), `${placeholder}.`)
})

test('a placeholder cut in two by another choice, field or call stays two pieces of text', patience, async () => {
  const { placeholder } = await mask('jane.doe@example.com')
  const [head, tail] = [placeholder.slice(0, 8), placeholder.slice(8)]
  const events = [
    chunk({ content: head }, 0),
    chunk({ content: `${tail}.` }, 1),
    chunk({ reasoning_content: `${tail}.` }, 0),
  ]
  const body = await bodyOf([...events, chunk({}, 0, 'stop'), chunk({}, 1, 'stop'), done], 'Ask jane.doe@example.com.')
  assert.doesNotMatch(body, /jane/)
})

const done = 'data: [DONE]\n\n'

function chunk(delta: object, index = 0, finish_reason: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason }] })}\n\n`
}

/** What the upstream was shown for a value. */
async function mask(value: string): Promise<{ placeholder: string }> {
  await bodyOf(streamOf(['Hello.']), `Ask ${value}.`)
  const placeholder = /\[EMAIL_[a-z2-7]{8}\]/.exec(upstream.received.at(-1)?.body ?? '')?.[0] ?? ''
  assert.notEqual(placeholder, '')
  return { placeholder }
}

async function contentOf(events: readonly (string | Uint8Array)[], prompt?: string): Promise<string> {
  return joined(await bodyOf(events, prompt), 0, 'content')
}

async function bodyOf(events: readonly (string | Uint8Array)[], prompt = 'Hi.'): Promise<string> {
  upstream.answer = (_, response) => sendEvents(response, events)
  const response = await sendRaw(gateway.port, chatRequest(key, { body: chat(prompt, { stream: true }) }))
  assert.equal(response.status, 200, response.body)
  return response.body
}

interface Chunk {
  readonly choices?: {
    index: number
    delta?: Record<string, unknown> & { tool_calls?: { function?: { arguments?: string } }[] }
  }[]
}

/** As a client reads them: WHATWG HTML 9.2.6. */
function eventsOf(body: string): Chunk[] {
  return body
    .replace(/^\ufeff/, '')
    .split(/(?:\r\n|\r|\n){2}/)
    .map((event) =>
      event
        .split(/\r\n|\r|\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice('data:'.length))
        .join('\n')
        .trim(),
    )
    .filter((data) => data !== '' && data !== '[DONE]')
    .map((data) => JSON.parse(data))
}

function joined(body: string, index: number, field: string): string {
  return eventsOf(body)
    .flatMap(({ choices = [] }) => choices.filter((choice) => choice.index === index))
    .map(({ delta }) => delta?.[field] ?? '')
    .join('')
}

function piecesOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}

function escaped(char: string): string {
  return [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
}

function isLow(value: string, at: number): boolean {
  return /[\udc00-\udfff]/.test(value.charAt(at))
}
