// The model server of the benchmark: answers at once, whole or as 50 timed events. Run as its own process.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const eventCount = 50
const eventGapMs = 4
const words = 'The holdfast of a kelp is the root-like part that anchors it to the rock and outlasts the storm. '

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content: words.repeat(8) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 200, completion_tokens: 180, total_tokens: 380 },
  }),
)

/** When each event of the newest stream was sent, on the machine's monotonic clock, ns. */
let sent: string[] = []
/** The newest request. */
let seen: Buffer = Buffer.alloc(0)

const server = createServer((request, response) => {
  if (request.url === '/sent') {
    response.end(JSON.stringify(sent))
    return
  }
  if (request.url === '/seen') {
    response.end(seen)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    seen = Buffer.concat(chunks)
    const isStream = seen.includes('"stream":true')
    if (isStream) return stream(0)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    response.end(answer)
  })

  function stream(index: number): void {
    if (response.destroyed) return
    if (index === 0) sent = []
    if (index === 0) response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (index > eventCount) {
      response.end('data: [DONE]\n\n')
      return
    }
    const event = {
      id: 'chatcmpl-bench',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'bench',
      system_fingerprint: 'fp_bench',
      choices: [
        {
          index: 0,
          delta: index === eventCount ? {} : { content: 'anchor ' },
          finish_reason: index === eventCount ? 'stop' : null,
        },
      ],
    }
    sent.push(String(process.hrtime.bigint()))
    response.write(`data: ${JSON.stringify(event)}\n\n`)
    setTimeout(() => stream(index + 1), eventGapMs)
  }
})

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
