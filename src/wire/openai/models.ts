// The list of models (GET /v1/models): what an upstream offers, reduced to what a principal may see.
import { blameUpstream } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { JsonNode } from '../json-tree.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { MODEL_NAME } from '../parameters.ts'
import type { Part, Span } from '../part.ts'
import { Reader } from '../reader.ts'
import { identifier, invalid, json, list, memberOf, object, requireObject, scalar, stringMember } from '../shape.ts'

export interface ModelList {
  readonly body: Uint8Array
  readonly models: readonly ModelEntry[]
  /** Text that vendors add, such as descriptions; ids and owners are identifiers and not among them. */
  readonly parts: readonly Part[]
}

export interface ModelEntry extends Span {
  readonly id: string
  readonly ownedBy?: string
}

/**
 * Reads a list of models. An id that no request could name is left out: it would only be text that nobody inspects.
 *
 * @throws WireError with status 502 when the body is not a list of models, each with an id
 */
export function parseModelList(body: Uint8Array, options?: Partial<WireOptions>): ModelList {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, settings)
    const reader = new Reader(document, settings, 'response')
    const root = requireObject(document.root)
    shape(reader, root, '', { role: 'assistant', channel: 'document', contentType: 'text' })
    return { body, models: entriesOf(root).flatMap((node) => entry(reader, node)), parts: reader.parts }
  })
}

const shape = object({
  object: identifier,
  data: list(object({ id: identifier, object: identifier, created: scalar, owned_by: identifier, permission: json() })),
})

function entriesOf(root: JsonNode): readonly JsonNode[] {
  const data = memberOf(root, 'data')
  if (data?.kind !== 'array') throw invalid('/data', 'must be a list of models, each with an id')
  return data.items
}

function entry(reader: Reader, node: JsonNode): ModelEntry | [] {
  const id = stringMember(reader, node, 'id')
  if (id === undefined) throw invalid('/data', 'must be a list of models, each with an id')
  if (!MODEL_NAME.test(id)) return []
  const ownedBy = stringMember(reader, node, 'owned_by')
  return { id, start: node.start, end: node.end, ...(ownedBy !== undefined && { ownedBy }) }
}
