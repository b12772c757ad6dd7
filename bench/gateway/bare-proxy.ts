// The yardstick for CPU: the least that a Node proxy can do. Reads the request, sends it on, pipes the answer back.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

const pool = new Pool(process.argv[2] ?? '', { connections: 256, pipelining: 1 })

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' }
    pool.dispatch(
      { method: 'POST', path: request.url ?? '/', headers, body: Buffer.concat(chunks) },
      {
        onRequestStart: (controller) => response.once('close', () => controller.abort(new Error('hung up'))),
        onResponseStart: (_controller, status, head) => {
          response.writeHead(status, { 'content-type': String(head['content-type']) })
        },
        onResponseData: (controller, chunk) => {
          if (!response.write(chunk)) {
            controller.pause()
            response.once('drain', () => controller.resume())
          }
        },
        onResponseEnd: () => response.end(),
        onResponseError: () => response.destroy(),
      },
    )
  })
})

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
