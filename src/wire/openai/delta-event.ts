// An additional event for text that was held back until the chunk it came in had gone:
// the skeleton of the lane's last chunk around the new text, and nothing else of that chunk.
import { WireError } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import type { JsonNode } from '../json-tree.ts'
import { jsonString } from '../replace.ts'
import { dataEvent } from '../stream.ts'

/**
 * @param template the last chunk that had a delta of this lane
 * @returns an event that continues the lane by `text`: same ids, same choice and call index, no finish reason
 * @throws WireError (misplaced_edit) when the template has no such delta
 */
export function deltaEvent(template: StreamChunk, lane: string, text: string): Buffer {
  const delta = template.deltas.find((candidate) => candidate.lane === lane)
  if (!delta || !template.document) throw noSuchLane()
  const json = skeleton(template, template.document.root, delta.path.slice(1).split('/'), text, 0)
  return dataEvent(json)
}

const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'system_fingerprint',
  'service_tier',
])

/** What says to which choice, call or item a piece belongs. */
const ADDRESS: ReadonlySet<string> = new Set(['index', 'type'])

function skeleton(
  chunk: StreamChunk,
  node: JsonNode,
  [step, ...rest]: readonly string[],
  text: string,
  depth: number,
): string {
  if (step === undefined) return jsonString(text).toString()
  if (node.kind === 'array') {
    const item = node.items[Number(step)]
    return item ? `[${skeleton(chunk, item, rest, text, depth + 1)}]` : '[]'
  }
  if (node.kind !== 'object') return 'null'
  const kept = depth === 0 ? ENVELOPE : ADDRESS
  const members = node.members.flatMap(({ name, value }) => {
    if (name === unescapePointer(step))
      return [`${JSON.stringify(name)}:${skeleton(chunk, value, rest, text, depth + 1)}`]
    return kept.has(name) && isUnreadable(chunk, value) ? [`"${name}":${literal(chunk, value)}`] : []
  })
  if (depth === CHOICE) members.push('"finish_reason":null')
  return `{${members.join(',')}}`
}

/** Depth of a choice: `choices`, then its position. */
const CHOICE = 2

/** A scalar that was not inspected because it says nothing. One that was may have been changed, and is left out. */
function isUnreadable(chunk: StreamChunk, node: JsonNode): boolean {
  const isScalar = node.kind !== 'object' && node.kind !== 'array'
  return isScalar && !chunk.deltas.some(({ start }) => start === node.start)
}

function literal(chunk: StreamChunk, { start, end }: JsonNode): string {
  return chunk.document?.bytes.toString('utf8', start, end) ?? 'null'
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

function noSuchLane(): WireError {
  const message = 'The chunk given as a template has no delta of the lane.'
  return new WireError({ code: 'misplaced_edit', status: 500, message })
}
