import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealth, type Health } from './health.ts'
import { healthSchema } from './health-settings.ts'
import type { UpstreamRoute } from './route.ts'
import { createRouting, routeProblem, routesSchema } from './routing.ts'

const quiet = { monotonic: () => 1000, random: () => 0, onChange() {} }

function upstream(name: string, over: Partial<UpstreamRoute> = {}): UpstreamRoute {
  return {
    upstream: { name, send: () => assert.fail('nothing is sent here'), close: async () => {}, destroy: async () => {} },
    api: 'openai',
    health: createHealth(healthSchema.parse({ failures: 1 }), quiet),
    totalMs: 1,
    clearance: undefined,
    serves: () => true,
    nameOf: (model) => model,
    aliasesOf: (name) => [name],
    ...over,
  }
}

const down = (health: Health) => health.enter('x')?.leave('down')

function names(routes: readonly UpstreamRoute[]): string {
  return routes.map(({ upstream: { name } }) => name).join(' ')
}

test('without a route, the first upstream that serves a model is its only one', () => {
  const routing = createRouting([], [upstream('a', { serves: (model) => model === 'x' }), upstream('b'), upstream('c')])
  assert.equal(names(routing.candidates('x', 'openai')), 'a')
  assert.equal(names(routing.candidates('y', 'openai')), 'b')
  assert.equal(names(routing.candidates('y', 'anthropic')), '')
})

test('the first route that matches counts, and of its upstreams those that serve the model and speak its API', () => {
  const routes = routesSchema.parse([
    { models: ['gpt-*'], groups: [{ a: 1, b: 1 }, { c: 1 }] },
    { models: ['*'], groups: [{ c: 1 }] },
  ])
  const routing = createRouting(routes, [
    upstream('a', { serves: (model) => model !== 'gpt-x' }),
    upstream('b', { api: 'anthropic' }),
    upstream('c'),
  ])
  assert.equal(names(routing.candidates('gpt-1', 'openai')), 'a c')
  assert.equal(names(routing.candidates('gpt-x', 'openai')), 'c')
  assert.equal(names(routing.candidates('gpt-1', 'anthropic')), 'b')
  assert.equal(names(routing.candidates('other', 'openai')), 'c')
})

test('upstreams in trouble come last: those that are busy, then those that are left alone', () => {
  const [a, b, c] = [upstream('a'), upstream('b'), upstream('c')]
  const routing = createRouting(routesSchema.parse([{ models: ['*'], groups: [{ a: 1, b: 1 }, { c: 1 }] }]), [a, b, c])
  a.health.makeBusy('m', 500)
  assert.equal(names(routing.candidates('m', 'openai')), 'b c a')
  assert.equal(names(routing.candidates('other', 'openai')), 'a b c', 'busy with one model only')
  down(b.health)
  assert.equal(names(routing.candidates('m', 'openai')), 'c a b')
})

test('what an upstream in trouble would get goes to the others of its group by their weights', () => {
  const [a, b, c] = [upstream('a'), upstream('b'), upstream('c')]
  const routing = createRouting(routesSchema.parse([{ models: ['*'], groups: [{ a: 5, b: 2, c: 1 }] }]), [a, b, c])
  down(a.health)
  const first = Array.from({ length: 6 }, () => names(routing.candidates('m', 'openai')).charAt(0)).join('')
  assert.equal(first, 'bcbbcb')
})

test('names in routes are those of upstreams, each once', () => {
  const [route] = routesSchema.parse([{ models: ['*'], groups: [{ a: 1, b: 1 }, { b: 1 }] }])
  assert.ok(route)
  assert.equal(routeProblem(route, new Set(['a', 'b'])), "'b' is in two groups of one route")
  assert.equal(routeProblem(route, new Set(['a'])), "there is no upstream 'b'")
  for (const groups of [[], [{}], [{ a: 0 }], [{ a: 1.5 }], [{ a: 'many' }]])
    assert.equal(routesSchema.safeParse([{ models: ['*'], groups }]).success, false, JSON.stringify(groups))
})

test('the models that an upstream is too busy for do not fill the memory', () => {
  const { health } = upstream('a')
  for (let n = 0; n < 10_000; n++) health.makeBusy(`model-${n}`, 1000)
  assert.equal(health.state().busyModels, 256)
  assert.equal(health.condition('model-9999'), 'busy')
})
