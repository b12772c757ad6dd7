// For tests: a canary in every field. Text put anywhere into a message of a format is either a part, at exactly its place,
// or the whole message is refused. Nothing readable passes unseen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from './errors.ts'
import type { WireOptions } from './options.ts'
import type { Part } from './part.ts'

const CANARY = 'A canary: "\u00e9\u{1f424}"\n\\ sings'

export type Steps = readonly (string | number)[]
export type Read = (body: Buffer, options: Partial<WireOptions>) => Seen

export interface Seen {
  readonly parts: readonly Pick<Part, 'path' | 'isKey' | 'text' | 'contentType'>[]
  /** What an option lets pass unseen is on record with its place, which is all that can be asked. */
  readonly uninspected: readonly { readonly path: string }[]
  /** Places that are removed from what is forwarded. */
  readonly removed: readonly string[]
}

/** Everything that cannot be inspected may pass. */
export const permissive: Partial<WireOptions> = {
  images: 'any',
  files: 'any',
  audio: 'any',
  storedState: 'any',
  serverTools: 'any',
  tokens: 'any',
}
export const inspecting: Partial<WireOptions> = { ...permissive, unknown: 'inspect' }

/**
 * Declares the tests.
 *
 * @param name    what the bodies are: `a request`
 * @param bodies  that together have every field and every variant
 */
export function testEveryField(name: string, bodies: readonly object[], read: Read): void {
  const each = (steps: (body: object) => Iterable<Steps>, change: (body: object, at: Steps) => object) => {
    let tried = 0
    for (const body of bodies) {
      for (const at of steps(body)) {
        const changed = change(body, at)
        for (const options of [{}, permissive, inspecting]) check(name, read, changed, at, options)
        tried++
      }
    }
    assert.ok(tried > 0, `no place in ${name}`)
  }

  test(`a canary in any string of ${name} is a part at its place, or refused`, () => {
    each(
      (body) => strings(body).map(([steps]) => steps),
      (body, at) => withValue(body, at, CANARY),
    )
  })

  test(`so is one as a new string member, or inside a new object or array, of any object in ${name}`, () => {
    for (const value of [CANARY, { inner: CANARY }, [CANARY], [[{ deep: [CANARY] }]], { type: CANARY, text: 1 }]) {
      each(objects, (body, at) => withValue(body, [...at, 'zz_new'], value))
    }
  })

  test(`so is one as a new key of any object in ${name}, whatever its value`, () => {
    for (const value of [1, true, null, 'x', {}, [], { [CANARY]: {} }]) {
      each(objects, (body, at) => withValue(body, [...at, CANARY], value))
    }
  })

  test(`so is one as a new item of any array in ${name}`, () => {
    for (const value of [CANARY, { inner: CANARY }, [CANARY]]) {
      each(arrays, (body, at) => withValue(body, [...at, 0], value))
    }
  })

  test(`so is one in place of any value of ${name} that should not be a string`, () => {
    each(
      (body) => everything(body).map(([steps]) => steps),
      (body, at) => (at.length === 0 ? { ...body } : withValue(body, at, CANARY)),
    )
  })
}

export function check(
  name: string,
  read: Read,
  body: object,
  at: Steps,
  options: Partial<WireOptions>,
  canary = CANARY,
): void {
  let seen: Seen
  try {
    seen = read(encode(body), options)
  } catch (error) {
    assert.ok(error instanceof WireError, `${pointer(at)}: ${error}`)
    assert.ok(!error.message.includes('canary'), `the refusal of ${name} quotes it: ${error.message}`)
    return
  }
  for (const [place, isKey] of canaries(body, canary)) {
    const isPart = seen.parts.some(
      (part) => part.path === place && (part.isKey ?? false) === isKey && part.text === canary,
    )
    // The arguments of a call may be one part, which is JSON itself.
    const isWithin = seen.parts.some(
      ({ path, contentType, text }) =>
        contentType === 'json' && place.startsWith(`${path}/`) && text.includes(JSON.stringify(canary)),
    )
    const isOnRecord = seen.uninspected.some(({ path }) => path === place)
    const isRemoved = seen.removed.some((path) => place === path || place.startsWith(`${path}/`))
    assert.ok(isPart || isWithin || isOnRecord || isRemoved, `${place} of ${name} is not a part`)
  }
}

/** The pointers at which the canary is, as a value or as a key. */
function canaries(body: object, canary: string): [string, boolean][] {
  return everything(body).flatMap(([steps, value]): [string, boolean][] => [
    ...(value === canary ? [[pointer(steps), false] as [string, boolean]] : []),
    ...(steps.at(-1) === canary ? [[`${pointer(steps)}~key`, true] as [string, boolean]] : []),
  ])
}

function everything(value: unknown, steps: Steps = []): [Steps, unknown][] {
  const inner = Array.isArray(value)
    ? value.flatMap((item, i) => everything(item, [...steps, i]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => everything(item, [...steps, key]))
      : []
  return [[steps, value], ...inner]
}

export function strings(value: unknown): [Steps, string][] {
  return everything(value).filter((entry): entry is [Steps, string] => typeof entry[1] === 'string')
}

function objects(body: object): Steps[] {
  return everything(body).flatMap(([steps, value]) => (isObject(value) ? [steps] : []))
}

function arrays(body: object): Steps[] {
  return everything(body).flatMap(([steps, value]) => (Array.isArray(value) ? [steps] : []))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of `body` with the value at `steps` set. */
export function withValue(body: object, steps: Steps, value: unknown): object {
  const copy = structuredClone(body)
  const parent = steps.slice(0, -1).reduce<unknown>((at, step) => Reflect.get(Object(at), step), copy)
  Reflect.set(Object(parent), steps.at(-1) ?? '', value)
  return copy
}

export function pointer(steps: Steps): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function encode(body: object): Buffer {
  return Buffer.from(JSON.stringify(body))
}
