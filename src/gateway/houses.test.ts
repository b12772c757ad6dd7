import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { House } from './house.ts'
import { createHouses } from './houses.ts'

// Only which house it is matters here.
const houseOf = (name: string) => ({ name }) as unknown as House

test('new exchanges enter the new house, and the old one is left when its last exchange ends', async () => {
  const [old, next] = [houseOf('old'), houseOf('next')]
  const houses = createHouses(old)
  const stays = [houses.enter(), houses.enter()]
  let isLeft = false
  const left = houses.move(next).then(() => {
    isLeft = true
  })
  equal(houses.current, next)
  equal(houses.enter().house, next)
  equal(stays[0]?.house, old)
  stays[0]?.leave()
  await Promise.resolve()
  equal(isLeft, false)
  stays[1]?.leave()
  await left
})

test('a house that nobody is in is left at once', async () => {
  const houses = createHouses(houseOf('old'))
  houses.enter().leave()
  await houses.move(houseOf('next'))
})
