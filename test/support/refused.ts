// What must be true of every refusal: told in the client's format, nothing sent on, on record, and still serving.
import assert from 'node:assert/strict'
import type { LoggedExchange, TestGateway } from './gateway.ts'
import { chatRequest, type RawResponse, sendRaw } from './raw.ts'

export interface ExpectedRefusal {
  readonly status: number
  readonly code: string
  /** What the log says of the texts; nothing was read unless the test says so. */
  readonly scan?: string
  /** Pieces of what was sent that must not come back. */
  readonly hostile?: readonly string[]
}

/** Sends the bytes on a connection of their own, and holds the gateway to all of it. */
export function assertRefused(gateway: TestGateway, bytes: string | Uint8Array, expected: ExpectedRefusal) {
  return assertRefusal(gateway, () => sendRaw(gateway.port, bytes), expected)
}

/** As `assertRefused`, for a client that does more than send bytes. */
export async function assertRefusal(
  gateway: TestGateway,
  act: () => Promise<RawResponse>,
  { status, code, scan = 'not_scanned', hostile = [] }: ExpectedRefusal,
): Promise<void> {
  const before = gateway.installation.log.size
  const forwarded = gateway.upstream.received.length
  const response = await act()
  assertOpenAiError(response, status, code, hostile)
  assert.equal(gateway.upstream.received.length, forwarded, 'nothing reached the upstream')

  await assertServes(gateway)
  const entries = await gateway.entries(before)
  const decisions = entries.filter(({ phase, exchange }) => phase === 'decision' && !good.has(exchange))
  assert.equal(decisions.length, 1, `one decision is on record: ${JSON.stringify(decisions)}`)
  const refused = decisions[0]?.exchange
  for (const entry of entries) if (entry.exchange === refused) assertFailure(entry, status, code, scan)
}

/** The error object of OpenAI's API, and nothing of what was sent in it. */
export function assertOpenAiError(
  { status, headers, body }: RawResponse,
  expectedStatus: number,
  code: string,
  hostile: readonly string[] = [],
): void {
  assert.equal(status, expectedStatus, body)
  assert.equal(headers.get('content-type'), 'application/json')
  const { error, ...others } = JSON.parse(body)
  assert.deepEqual(others, {})
  assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'])
  assert.equal(error.code, code, body)
  assert.ok(typeof error.message === 'string' && error.message.length > 10, 'the message says something')
  assert.ok(error.param === null || typeof error.param === 'string')
  assert.equal(error.type, typeOf(status))
  for (const text of hostile) assert.ok(!body.includes(text), `the answer repeats ${text}`)
}

/** Exchanges of good requests. */
const good = new Set<string>()

/** A good request on a connection of its own is answered. */
export async function assertServes(gateway: TestGateway): Promise<void> {
  const forwarded = gateway.upstream.received.length
  const response = await sendRaw(gateway.port, chatRequest(gateway.key, { lines: ['connection: close'] }))
  assert.equal(response.status, 200, response.body)
  assert.equal(JSON.parse(response.body).choices[0].message.content, 'Hello.')
  assert.ok(gateway.upstream.received.length > forwarded)
  good.add(response.headers.get('x-request-id') ?? '')
}

function assertFailure(entry: LoggedExchange, status: number, code: string, scan: string): void {
  assert.equal(entry.code, code, JSON.stringify(entry))
  assert.equal(entry.status, 2, 'the entry says failure')
  assert.equal(entry.scan, scan)
  assert.equal(entry.responseStatus, status)
  assert.ok(entry.rule, 'the entry names what decided')
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
