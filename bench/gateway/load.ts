// The client of the benchmark: one request after another or many at once, over connections that stay open.
import { Agent, type ClientRequest, request } from 'node:http'
import type { Contestant } from './contestants.ts'

const question = 'What holds a kelp to its rock when the storm comes, and what does it cost the plant? '

/** A chat of about 1 KB. */
export function chatBody(stream: boolean): Buffer {
  return Buffer.from(
    JSON.stringify({
      model: 'bench',
      ...(stream ? { stream: true } : {}),
      messages: [
        { role: 'system', content: 'You answer questions about the sea in plain words and at most five sentences.' },
        { role: 'user', content: question.repeat(9) },
      ],
    }),
  )
}

/** A conversation of 256 KB, as an agent sends it again with each step: many turns, of which none is new. */
export function longChatBody(): Buffer {
  const turns = Array.from({ length: 128 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${index}: ${question.repeat(23)}`,
  }))
  return Buffer.from(JSON.stringify({ model: 'bench', messages: turns }))
}

function post(contestant: Contestant, agent: Agent, body: Buffer): ClientRequest {
  const { hostname, port } = new URL(contestant.url)
  const outgoing = request({
    agent,
    hostname,
    port,
    method: 'POST',
    path: '/v1/chat/completions',
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      authorization: `Bearer ${contestant.key}`,
      ...contestant.headers,
    },
  })
  outgoing.end(body)
  return outgoing
}

/** Microseconds from sending to the last byte, for each of `count` requests, one after another. */
export async function sequential(contestant: Contestant, agent: Agent, body: Buffer, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const from = process.hrtime.bigint()
    await whole(contestant, agent, body)
    times.push(Number(process.hrtime.bigint() - from) / 1000)
  }
  return times
}

/** Runs `count` requests, `width` at a time; resolves with the seconds it took. */
export async function parallel(
  contestant: Contestant,
  agent: Agent,
  body: Buffer,
  count: number,
  width: number,
): Promise<number> {
  const from = process.hrtime.bigint()
  let left = count
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await whole(contestant, agent, body)
    }),
  )
  return Number(process.hrtime.bigint() - from) / 1e9
}

function whole(contestant: Contestant, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = post(contestant, agent, body)
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`${contestant.name} answered ${response.statusCode}`))
      response.resume()
      response.once('end', resolve)
    })
  })
}

export interface StreamTimes {
  /** µs from sending the request to the first event. */
  readonly firstEvent: number
  /** µs from the model's sending of each event to its arrival. */
  readonly delays: readonly number[]
}

/** @param modelUrl who knows when each event was sent */
export async function streamed(
  contestant: Contestant,
  agent: Agent,
  body: Buffer,
  modelUrl: string,
): Promise<StreamTimes> {
  const from = process.hrtime.bigint()
  const arrived = await arrivals(contestant, agent, body)
  const sent: string[] = JSON.parse(await (await fetch(`${modelUrl}/sent`)).text())
  if (sent.length !== arrived.length)
    throw new Error(`${contestant.name} gave ${arrived.length} of ${sent.length} events`)
  return {
    firstEvent: Number((arrived[0] ?? from) - from) / 1000,
    delays: arrived.map((at, index) => Number(at - BigInt(sent[index] ?? 0)) / 1000),
  }
}

const eventStart = Buffer.from('data: {')

/** When each event of one stream arrived, ns. */
function arrivals(contestant: Contestant, agent: Agent, body: Buffer): Promise<bigint[]> {
  return new Promise((resolve, reject) => {
    const arrived: bigint[] = []
    const outgoing = post(contestant, agent, body)
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`${contestant.name} answered ${response.statusCode}`))
      response.on('data', (chunk: Buffer) => {
        const now = process.hrtime.bigint()
        for (let at = chunk.indexOf(eventStart); at >= 0; at = chunk.indexOf(eventStart, at + 1)) arrived.push(now)
      })
      response.once('end', () => resolve(arrived))
    })
  })
}

/** Opens `count` streams, waits until each has begun, measures, and closes them. */
export async function whileStreaming<T>(contestant: Contestant, count: number, measure: () => T): Promise<T> {
  const agent = new Agent({ keepAlive: false })
  const body = chatBody(true)
  const open = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ClientRequest>((resolve, reject) => {
          const outgoing = post(contestant, agent, body)
          outgoing.once('error', reject)
          outgoing.once('response', (response) => response.once('data', () => resolve(outgoing)))
        }),
    ),
  )
  const result = measure()
  for (const outgoing of open) {
    outgoing.on('error', () => {})
    outgoing.destroy()
  }
  return result
}
