// Anthropic's streams from end to end, cut wherever they can be cut: what the client puts together is exactly the
// restored or the masked text, and nothing of what must not come out is ever in it.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type Block,
  begin,
  delta,
  end,
  event,
  eventsOf,
  messageOf,
  ping,
  start,
  stop,
  text,
  textDelta,
  thinking,
  toolUse,
} from './support/anthropic.ts'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, type RawResponse, sendRaw } from './support/raw.ts'
import { answerOf, startRawUpstream, streamHead } from './support/raw-upstream.ts'

const mail = 'jane.doe@example.com'
const canary = 'canary-5f1e8a7c90b3d246'
const secret = ['AKIA', 'Z7QW4RTY8UIO2PAS'].join('')

const upstream = await startRawUpstream()
const gateway = await openGateway({
  url: upstream.url,
  upstream: { api: 'anthropic' },
  settings: { inspect: { canaries: [canary] } },
})
after(async () => {
  await gateway.close()
  await upstream.close()
})

interface Speech {
  readonly says: (placeholder: string) => string
  readonly told: string
}

const speeches: Record<string, Speech> = {
  'a placeholder is restored': {
    says: (placeholder) => `Grüße an ${placeholder}, 👋 und [${placeholder}]`,
    told: `Grüße an ${mail}, 👋 und [${mail}]`,
  },
  'an address that the model brings up is removed': {
    says: () => 'Frag Zoë: chloe.martin@initech.com, ja?',
    told: 'Frag Zoë: [email removed], ja?',
  },
  'a secret is removed': {
    says: () => `Schlüssel: ${secret} 🔑.`,
    told: 'Schlüssel: [aws access key removed] 🔑.',
  },
}

for (const [what, { says, told }] of Object.entries(speeches)) {
  test(`${what}, in a text that is cut at any place`, async () => {
    for (const cut of cuts(says(await mintedPlaceholder())))
      deepEqual(contentOf(await hear((placeholder) => textEvents(split(says(placeholder), cut)))), [text(told)])
  })

  test(`${what}, in the arguments of a tool call that are cut at any place`, async () => {
    const args = (value: string) => JSON.stringify({ text: value, list: [1, { text: value }] })
    for (const cut of cuts(args(says(await mintedPlaceholder())))) {
      const { body } = await hear((placeholder) => callEvents(split(args(says(placeholder)), cut)))
      deepEqual(contentOf({ body }), [toolUse('note', JSON.parse(args(told)))])
    }
  })

  test(`${what}, in a whole answer`, async () => {
    const value = (placeholder: string) => ({ text: says(placeholder), list: [1, { text: says(placeholder) }] })
    const { body } = await ask(false, (socket, placeholder) => {
      socket.end(answerOf(JSON.stringify(messageOf([text(says(placeholder)), toolUse('note', value(placeholder))]))))
    })
    const wanted = { text: told, list: [1, { text: told }] }
    deepEqual(JSON.parse(body).content, [text(told), toolUse('note', wanted)])
  })
}

test('a stream of bytes may be cut at any byte', async () => {
  const blocks = (placeholder: string) => [
    thinking(`They are ${placeholder}`),
    text(`Grüße an ${placeholder} 👋`),
    toolUse('note', { to: placeholder }),
  ]
  const whole = contentOf(await hear((placeholder) => eventsOf(blocks(placeholder))))
  const length = Buffer.byteLength(eventsOf(blocks(await mintedPlaceholder())).join(''))
  for (let cut = 1; cut < length; cut += 1) {
    const { body } = await hear((placeholder) => eventsOf(blocks(placeholder)), cut)
    deepEqual(contentOf({ body }), whole, `cut at byte ${cut} of ${length}`)
  }
  match(JSON.stringify(whole[0]), /They are \[EMAIL_/)
  deepEqual(whole.slice(1), [text(`Grüße an ${mail} 👋`), toolUse('note', { to: mail })])
})

test('what is held back at the end of a block goes out as an event of its own, before the block ends', async () => {
  const { body } = await hear(() => [begin, start(0, text('')), textDelta(0, 'See [EMA'), stop(0), end()])
  equal(body, [begin, start(0, text('')), textDelta(0, 'See '), textDelta(0, '[EMA'), stop(0), end()].join(''))
})

test('a block may begin with the first piece of its text', async () => {
  const { body } = await hear((placeholder) => [
    begin,
    start(0, text(`Hi ${placeholder.slice(0, 5)}`)),
    textDelta(0, placeholder.slice(5)),
    stop(0),
    end(),
  ])
  deepEqual(contentOf({ body }), [text(`Hi ${mail}`)])
})

test('a call may begin with all of its arguments', async () => {
  const { body } = await hear((placeholder) => [begin, start(0, toolUse('note', { to: placeholder })), stop(0), end()])
  deepEqual(contentOf({ body }), [toolUse('note', { to: mail })])
})

test('a canary ends the stream before any of it is out, wherever it is cut, in every kind of text', async () => {
  const kinds: ((pieces: string[]) => string[])[] = [
    textEvents,
    callEvents,
    (pieces) => [
      begin,
      start(0, thinking('', '')),
      ...pieces.map((piece) => delta(0, { type: 'thinking_delta', thinking: piece })),
      stop(0),
      end(),
    ],
    (pieces) => [
      begin,
      start(0, { type: 'new_kind' }),
      ...pieces.map((piece) => delta(0, { type: 'new_delta', words: piece })),
      stop(0),
      end(),
    ],
  ]
  for (const events of kinds)
    for (const cut of cuts(canary)) {
      const { body } = await hear(() => events(split(`{"a":"${canary}"}`, cut + 6)))
      const error = /event: error\ndata: (.*)\n\n$/.exec(body)?.[1] ?? body
      equal(JSON.parse(error).error.details.error_code, 'answer_blocked')
      ok(!body.includes('7c90b3d246') && !body.includes('canary-5f1e8a'), body)
    }
})

test('the error that ends a stream has the type, the code and the id that clients look for', async () => {
  const connection = await connectRaw(gateway.port)
  upstream.answer = async (socket) => {
    socket.write(streamHead + begin + start(0, text('')) + textDelta(0, 'Well. '))
    // Only now is it too late for an answer with another status.
    await connection.until('Well. ')
    socket.end(stop(3))
  }
  connection.write(messagesRequest(chat('Hi', { max_tokens: 9, stream: true })))
  const { body, headers } = await connection.read()
  const id = headers.get('x-request-id')
  equal(headers.get('request-id'), id)
  const last = {
    type: 'error',
    error: {
      type: 'api_error',
      message: 'The upstream answered with something that cannot be inspected, so it was not delivered.',
      details: { error_code: 'invalid_response' },
    },
    request_id: id,
  }
  equal(body, `${begin}${start(0, text(''))}${textDelta(0, 'Well. ')}${event(last)}`)
})

test('a signature comes after all of its thought, and stands when not a character of that has changed', async () => {
  const seen = (thought: string) => [
    begin,
    start(0, thinking('', '')),
    ...thought.split(/(?<=[@.])/).map((piece) => delta(0, { type: 'thinking_delta', thinking: piece })),
    delta(0, { type: 'signature_delta', signature: 'c2lnbmVk' }),
    stop(0),
    end(),
  ]
  deepEqual(contentOf(await hear(() => seen('Hm [EMAIL_aaaaaaaa] or so, at home'))), [
    thinking('Hm [EMAIL_aaaaaaaa] or so, at home'),
  ])
  deepEqual(contentOf(await hear(() => seen('Hm, chloe.martin@initech.com'))), [thinking('Hm, [email removed]', '')])
  const late = [...seen('Hm.').slice(0, -2), delta(0, { type: 'thinking_delta', thinking: ' And' }), stop(0), end()]
  match((await hear(() => late)).body, /"error_code":"invalid_response"/)
})

for (const isStreamed of [false, true])
  test(`what needs no change is the same to the byte, ${isStreamed ? 'streamed' : 'whole'}`, async () => {
    const blocks = [thinking('Hm 👋'), text('Grüße \u2028 "x"'), toolUse('note', { z: 1.0, a: [null, 'é'] })]
    // As no serialiser would write it.
    const odd = (json: string) => json.replaceAll('{"type"', ' { "\\u0074ype"').replaceAll('"index":', '"index" :\t')
    const answer = odd(isStreamed ? wholePieces.join('') : JSON.stringify(messageOf(blocks), null, 3))
    const request = `{ "max_tokens":1e2,"model":"claude-test", "stream":${isStreamed},
      "messages" :[{"role":"user","content":[{"text":"Gr\\u00fc\\u00dfe \\/","type":"text"}]}],"top_p":0.50 }`
    upstream.answer = (socket) => socket.end(isStreamed ? streamHead + answer : answerOf(answer))
    const { status, body } = await sendRaw(gateway.port, messagesRequest(request))
    equal(status, 200, body)
    equal(body, answer)
    equal(upstream.received.at(-1), request)
  })

/** Pieces that are decided as soon as they have come, so that none of them waits for the next. */
const wholePieces = [
  begin,
  ping,
  start(0, thinking('', '')),
  delta(0, { type: 'thinking_delta', thinking: 'Hm 👋, ' }),
  delta(0, { type: 'signature_delta', signature: 'c2lnbmVk' }),
  stop(0),
  start(1, text('')),
  textDelta(1, 'Grüße \u2028 '),
  textDelta(1, 'an "alle". '),
  stop(1),
  start(2, toolUse('note', {})),
  delta(2, { type: 'input_json_delta', partial_json: '' }),
  delta(2, { type: 'input_json_delta', partial_json: '{"z": 1.0, ' }),
  delta(2, { type: 'input_json_delta', partial_json: '"a": [null, "é"]}' }),
  stop(2),
  end('tool_use'),
]

function textEvents(pieces: readonly string[]): string[] {
  return [begin, ping, start(0, text('')), ...pieces.map((piece) => textDelta(0, piece)), stop(0), end()]
}

function callEvents(pieces: readonly string[]): string[] {
  const deltas = pieces.map((partial_json) => delta(0, { type: 'input_json_delta', partial_json }))
  return [begin, start(0, toolUse('note', {})), ...deltas, stop(0), end('tool_use')]
}

/** What the client gets for a stream; its bytes in two pieces when `cut` is given. */
function hear(events: (placeholder: string) => readonly string[], cut?: number): Promise<RawResponse> {
  return ask(true, async (socket, placeholder) => {
    const bytes = Buffer.from(events(placeholder).join(''))
    socket.write(streamHead)
    if (cut !== undefined) {
      socket.write(bytes.subarray(0, cut))
      await turn()
    }
    socket.end(bytes.subarray(cut ?? 0))
  })
}

async function ask(
  stream: boolean,
  answer: (socket: Socket, placeholder: string) => void | Promise<void>,
): Promise<RawResponse> {
  upstream.answer = (socket, body) => void answer(socket, placeholderIn(body))
  const connection = await connectRaw(gateway.port)
  connection.write(messagesRequest(chat(`I am ${mail}.`, { max_tokens: 9, stream })))
  const response = await connection.read()
  connection.socket.destroy()
  return response
}

function messagesRequest(body: string | object): Buffer {
  return chatRequest(gateway.key, { start: 'POST /v1/messages HTTP/1.1', lines: ['connection: close'], body })
}

async function mintedPlaceholder(): Promise<string> {
  let placeholder = ''
  await ask(false, (socket, minted) => {
    placeholder = minted
    socket.end(answerOf(JSON.stringify(messageOf([text('Hi')]))))
  })
  return placeholder
}

function placeholderIn(body: string): string {
  return /\[EMAIL_[a-z2-7]{8}\]/.exec(body)?.[0] ?? '[none]'
}

/** The content that a client puts together, as the official one does. */
function contentOf({ body }: Pick<RawResponse, 'body'>): Block[] {
  const blocks: Record<string, unknown>[] = []
  const json: string[] = []
  for (const [, name, data] of body.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)) {
    const { type, index, content_block, delta: change } = JSON.parse(data ?? '')
    equal(type, name)
    if (type === 'content_block_start') blocks[index] = content_block
    if (type === 'error') throw new Error(body)
    if (type !== 'content_block_delta') continue
    const block = blocks[index] ?? {}
    if (change.type === 'text_delta') block.text += change.text
    if (change.type === 'thinking_delta') block.thinking += change.thinking
    if (change.type === 'signature_delta') block.signature = change.signature
    if (change.type === 'input_json_delta') json[index] = (json[index] ?? '') + change.partial_json
  }
  for (const [index, arguments_] of json.entries())
    if (arguments_ !== undefined) Object.assign(blocks[index] ?? {}, { input: JSON.parse(arguments_) })
  return blocks as Block[]
}

/** Places to cut a text at, between UTF-16 units that belong together. */
function cuts(value: string): number[] {
  return Array.from({ length: value.length - 1 }, (_, at) => at + 1).filter(
    (at) => !/[\udc00-\udfff]/.test(value.charAt(at)),
  )
}

function split(value: string, at: number): string[] {
  return [value.slice(0, at), value.slice(at)]
}
