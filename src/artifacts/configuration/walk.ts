// Every object, list and text of a document, with its place, without recursion.
import type { JsonNode } from '../json/parse.ts'

export interface Visited {
  readonly node: JsonNode
  /** JSON Pointer (RFC 6901). */
  readonly pointer: string
  /** The key under which it stands; that of the list for its items. */
  readonly key: string
  readonly parent: JsonNode | undefined
}

export function* walk(root: JsonNode): Generator<Visited> {
  const waiting: Visited[] = [{ node: root, pointer: '', key: '', parent: undefined }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next
    const { node, pointer, key } = next
    if (node.kind === 'object') {
      for (const { name, value } of node.members.toReversed())
        if (hasMeaning(value))
          waiting.push({ node: value, pointer: `${pointer}/${escaped(name)}`, key: name, parent: node })
    } else if (node.kind === 'array')
      for (let index = node.items.length - 1; index >= 0; index--) {
        const item = node.items[index]
        if (item !== undefined && hasMeaning(item))
          waiting.push({ node: item, pointer: `${pointer}/${index}`, key, parent: node })
      }
  }
}

/** Numbers and truth values are nothing that anybody imports, opens or renders. */
function hasMeaning({ kind }: JsonNode): boolean {
  return kind !== 'number' && kind !== 'literal'
}

function escaped(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')
}
