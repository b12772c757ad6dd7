// The JSON reader against three others: it may refuse more than they do, but what it takes they must read alike.
import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { WireError } from '#wire'
import { parseJson } from '../../src/wire/json.ts'
import type { JsonDocument, JsonNode } from '../../src/wire/json-tree.ts'
import { chat } from '../../src/wire/openai/every-field.ts'
import type { Random } from '../engine/random.ts'
import { target } from '../engine/target.ts'
import { derive, written } from '../generators/derive.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { hasPython, Python } from '../oracles/python.ts'
import { readables } from '../oracles/readable.ts'
import { readByOthers, strictDepth } from '../oracles/strict-json.ts'

interface Observed {
  readonly document: JsonDocument | undefined
  readonly refusal: WireError | undefined
}

let python: Python | undefined
let accepted = 0

export const json = target<Observed>({
  name: 'json',
  generate: (random) => Buffer.from(written(generated(random), random)),
  mutate: (input, random, other) => mutateWith(random.chance(0.6) ? jsonMutators : byteMutators, input, random, other),
  run(input) {
    try {
      return { document: parseJson(input, { maxDepth: strictDepth, maxValues: 100_000 }), refusal: undefined }
    } catch (refusal) {
      if (!(refusal instanceof WireError)) throw refusal
      return { document: undefined, refusal }
    }
  },
  async check(input, { document, refusal }) {
    const others = readByOthers(input)
    assert.equal(document !== undefined, others !== undefined, `only one of two readers takes it: ${refusal?.message}`)
    if (document === undefined || others === undefined) {
      assert.match(refusal?.code ?? '', /^(?:invalid_json|duplicate_key|json_too_complex)$/)
      return
    }
    assert.ok(isUtf8(input), 'bytes that are no UTF-8 were taken')
    assert.deepEqual(valueAs(document, document.root), others.value, 'the tree says something else')
    // Asking Python takes longer than everything else together.
    if (!hasPython || accepted++ % 16 !== 0) return
    python ??= new Python()
    const texts = readables(others.value).map(({ text }) => text)
    assert.deepEqual((await python.texts(input))?.sort(), texts.sort(), 'Python reads other texts')
  },
  features: ({ document, refusal }) =>
    document ? [`kind ${document.root.kind}`] : [`${refusal?.code} ${refusal?.message.replace(/\d+/g, '')}`],
})

/** Ends the other readers. */
export function closeReaders(): void {
  python?.close()
  python = undefined
}

function generated(random: Random): unknown {
  const example = random.pick(chat.requests)
  return derive(random.chance(0.5) ? example : random.pick(Object.values(example)), random, {
    kept: new Set(),
    texts: 0.5,
  })
}

/** The tree as values, with its spans checked on the way. */
function valueAs(document: JsonDocument, node: JsonNode): unknown {
  const source = document.bytes.toString('utf8', node.start, node.end)
  if (node.kind === 'array') return node.items.map((item) => inside(node, item, document))
  if (node.kind === 'object') {
    const members = node.members.map(({ name, key, value }) => {
      assert.equal(JSON.parse(document.bytes.toString('utf8', key.start, key.end)), name)
      return [name, inside(node, value, document)] as const
    })
    return Object.fromEntries(members)
  }
  return node.kind === 'string' ? document.text(node) : JSON.parse(source)
}

function inside(parent: JsonNode, child: JsonNode, document: JsonDocument): unknown {
  assert.ok(child.start > parent.start && child.end < parent.end, 'a value is not inside of what holds it')
  return valueAs(document, child)
}
