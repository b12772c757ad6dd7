// Reading a request: its body by a shape, and the parameters that decisions depend on. Those are read strictly: what we
// read must be what the upstream reads.
import { parseJson } from './json.ts'
import type { JsonNode, JsonObject } from './json-tree.ts'
import { type WireOptions, withDefaults } from './options.ts'
import { type Part, type Place, TextPart } from './part.ts'
import { Reader } from './reader.ts'
import { invalid, memberOf, requireObject, type Shape } from './shape.ts'

/** Where a text of a request is found that belongs to no message. */
export const REQUEST_PLACE: Place = { role: 'request', channel: 'user', contentType: 'text' }

export interface ReadBody {
  readonly reader: Reader
  readonly root: JsonObject
}

/** @throws WireError with status 400 or 413 */
export function readBody(shape: Shape, body: Uint8Array, options: Partial<WireOptions> | undefined): ReadBody {
  const settings = withDefaults(options)
  const document = parseJson(body, settings)
  const root = requireObject(document.root)
  const reader = new Reader(document, settings, 'request')
  shape(reader, root, '', REQUEST_PLACE)
  return { reader, root }
}

/** Names that upstreams use: OpenAI's, Hugging Face paths, fine-tune ids, Ollama's tags, Cloudflare's @cf/. */
export const MODEL_NAME = /^[A-Za-z0-9@][A-Za-z0-9._:/@+-]{0,255}$/

/** @throws WireError when the member `model` is no model's name */
export function readModel(reader: Reader, root: JsonNode): Part {
  const node = memberOf(root, 'model')
  if (node?.kind === 'string' && MODEL_NAME.test(reader.document.text(node))) {
    return new TextPart(reader.document, node, '/model', REQUEST_PLACE, false)
  }
  throw invalid('/model', 'must be a model name of at most 256 letters, digits and . _ : / @ + -')
}

/**
 * False when absent or null. Strict, since some servers take "true" and 1 for true.
 *
 * @param path that of the parent
 */
export function readBoolean(parent: JsonNode | undefined, name: string, path = ''): boolean {
  const node = memberOf(parent, name)
  if (node === undefined || node.kind === 'false' || node.kind === 'null') return false
  if (node.kind === 'true') return true
  throw invalid(`${path}/${name}`, 'must be a boolean')
}

/** A whole number, not negative; undefined when absent or null. */
export function readCount(reader: Reader, root: JsonNode, name: string): number | undefined {
  const node = memberOf(root, name)
  if (node === undefined || node.kind === 'null') return undefined
  const count = node.kind === 'number' ? Number(reader.document.text(node)) : Number.NaN
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw invalid(`/${name}`, 'must be a whole number, not negative')
}
