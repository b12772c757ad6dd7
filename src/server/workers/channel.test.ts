import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type Message, openChannel, type Port } from './channel.ts'

interface Near {
  double(input: number): number
  fail(input: undefined): never
}

type Nothing = Record<never, never>

test('calls of one turn travel as one message and are answered in any order', async (t) => {
  const { caller, messages } = pair(t)
  deepEqual(await Promise.all([1, 2, 3].map((input) => caller.call('double', input))), [2, 4, 6])
  deepEqual(
    messages.map(({ calls, answers }) => [calls.length, answers.length]),
    [
      [3, 0],
      [0, 3],
    ],
  )
})

test('what the other end throws arrives as its kind and code, without its message', async (t) => {
  const { caller } = pair(t)
  await rejects(caller.call('fail', undefined), (error: Error & { code: string }) => {
    deepEqual([error.name, error.code], ['RangeError', 'too_far'])
    equal(error.message.includes('secret'), false)
    return true
  })
})

test('when the other end is gone, what waits and what is asked later fails', async (t) => {
  const { caller } = pair(t)
  const waiting = caller.call('double', 1)
  caller.end()
  await rejects(waiting, { code: 'gone' })
  await rejects(caller.call('double', 2), { code: 'gone' })
})

function pair(t: { after(end: () => void): void }) {
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  const messages: Message[] = []
  const caller = openChannel<Nothing, Near>(portOf(port1, messages), {})
  openChannel<Near, Nothing>(portOf(port2, messages), {
    double: (input) => input * 2,
    fail() {
      throw Object.assign(new RangeError('a secret'), { code: 'too_far' })
    },
  })
  return { caller, messages }
}

function portOf(port: MessagePort, messages: Message[]): Port {
  return {
    send(message) {
      messages.push(message)
      port.postMessage(message)
    },
    onMessage: (take) => port.on('message', take),
  }
}
