import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { sparingly } from './sparingly.ts'

test('a line that comes again and again is told once a minute, with how often it came', () => {
  const { told, say, wait } = listener()
  for (let count = 0; count < 5; count++) say('the disk is full')
  say('another')
  deepEqual(told, ['the disk is full', 'another'])
  wait(59_999)
  say('the disk is full')
  equal(told.length, 2)
  wait(1)
  say('the disk is full')
  say('another')
  deepEqual(told.slice(2), ['the disk is full (5 times more since this was told last)', 'another'])
})

test('lines without end are all told, and not all remembered', () => {
  const { told, say } = listener()
  for (let count = 0; count < 150; count++) say(`line ${count}`)
  equal(told.length, 150)
  say('line 149')
  equal(told.length, 150, 'a new one is remembered')
  say('line 0')
  equal(told.length, 151, 'an old one is not')
})

function listener() {
  const told: string[] = []
  let now = 0
  const filter = sparingly({ monotonic: () => now })
  return {
    told,
    say(text: string) {
      const line = filter(text)
      if (line !== undefined) told.push(line)
    },
    wait(ms: number) {
      now += ms
    },
  }
}
