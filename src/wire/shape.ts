// Shapes: small composable readers that together describe a wire format, field by field.
// Whatever a shape does not describe is inspected or refused, never passed over.
import { WireError } from './errors.ts'
import type { JsonMember, JsonNode, JsonObject } from './json-tree.ts'
import type { Place, Span } from './part.ts'
import type { Reader } from './reader.ts'

/** Reads the value `node`, found at the JSON Pointer `path`. */
export type Shape = (reader: Reader, node: JsonNode, path: string, place: Place) => void

/** A string that is inspected. */
export const text: Shape = (reader, node, path, place) => {
  if (node.kind === 'string') emitText(reader, node, path, place)
  else if (node.kind !== 'null') mistyped(reader, node, path, place, 'a string')
}

/** A string that is a JSON document, such as the arguments of a call. */
export const jsonText: Shape = (reader, node, path, place) =>
  text(reader, node, path, { ...place, contentType: 'json' })

/** One word of a closed list carries nothing; any other string is an identifier. */
export function word(...words: readonly string[]): Shape {
  const known = new Set(words)
  return (reader, node, path, place) => {
    if (node.kind !== 'string' || !known.has(reader.document.text(node))) identifier(reader, node, path, place)
  }
}

/** A number, boolean or null; anything else is treated as unknown. */
export const scalar: Shape = (reader, node, path, place) => {
  if (node.kind === 'string' || node.kind === 'object' || node.kind === 'array') unknown(reader, node, path, place)
}

/** A short name given by software. In an answer it is a name, or text if it is more; in a request it is always text. */
export const identifier: Shape = (reader, node, path, place) => {
  if (node.kind !== 'string') return scalar(reader, node, path, place)
  if (reader.direction === 'request' || node.end - node.start > 66) return emitText(reader, node, path, place)
  const name = reader.document.text(node)
  if (!IDENTIFIER.test(name)) emitText(reader, node, path, place)
  else if (!UUID.test(name)) reader.name(node, path, place, false)
}

/**
 * An object with known members. A key that differs from a known one only by case is refused: some servers take it.
 *
 * @param judge throws for an unknown member that must not pass
 */
export function object(fields: Readonly<Record<string, Shape>>, judge?: (name: string, path: string) => void): Shape {
  const shapes = new Map(Object.entries(fields))
  for (const name of shapes.keys()) fieldNames.add(name)
  return (reader, node, path, place) => {
    if (node.kind === 'null') return
    if (node.kind !== 'object') return mistyped(reader, node, path, place, 'an object')
    for (const member of node.members) {
      const shape = shapes.get(member.name)
      if (shape) shape(reader, member.value, `${path}/${member.name}`, place)
      else {
        judge?.(member.name, `${path}/${escapePointer(member.name)}`)
        unknownMember(reader, member, path, place, shapes)
      }
    }
  }
}

/** The names that the shapes of this room describe: every other name in a body is its sender's. */
const fieldNames = new Set<string>()

export function isFieldName(name: string): boolean {
  return fieldNames.has(name)
}

export function list(item: Shape): Shape {
  return (reader, node, path, place) => {
    if (node.kind === 'null') return
    if (node.kind !== 'array') return mistyped(reader, node, path, place, 'an array')
    let index = 0
    for (const value of node.items) item(reader, value, `${path}/${index++}`, place)
  }
}

/** Objects told apart by the string member `tag`. A kind that is not listed is refused, since it may mean anything. */
export function variants(tag: string, kinds: Readonly<Record<string, Readonly<Record<string, Shape>>>>): Shape {
  const shapes = new Map(Object.entries(kinds).map(([kind, fields]) => [kind, object({ ...fields, [tag]: ignored })]))
  return (reader, node, path, place) => {
    const shape = node.kind === 'object' ? shapes.get(stringMember(reader, node, tag) ?? '') : undefined
    if (shape) return shape(reader, node, path, place)
    if (reader.direction === 'request' && reader.options.unknown === 'refuse') {
      throw unknownContent(path, `has a "${tag}" that this gateway does not know`)
    }
    anyJson(reader, node, path, place)
  }
}

/** Chooses by the kind of JSON value: strings, arrays and objects may each have their own shape. */
export function either(shapes: { readonly string?: Shape; readonly array?: Shape; readonly object?: Shape }): Shape {
  return (reader, node, path, place) => {
    const kind = node.kind === 'string' || node.kind === 'array' || node.kind === 'object' ? node.kind : undefined
    if (kind !== undefined) (shapes[kind] ?? unknown)(reader, node, path, place)
    else if (node.kind !== 'null') mistyped(reader, node, path, place, `a ${Object.keys(shapes).join(' or ')}`)
  }
}

/** Any JSON: every string in it is inspected, keys too, except those in `vocabulary`. */
export function json(vocabulary: ReadonlySet<string> = new Set()): Shape {
  const shape: Shape = (reader, node, path, place) => {
    if (node.kind === 'string') {
      if (vocabulary.size === 0 || !vocabulary.has(reader.document.text(node))) emitText(reader, node, path, place)
    } else if (node.kind === 'number') {
      if (reader.direction === 'request' && isLongNumber(node)) reader.emit(node, path, place, false)
    } else if (node.kind === 'array') {
      let index = 0
      for (const value of node.items) shape(reader, value, `${path}/${index++}`, place)
    } else if (node.kind === 'object') {
      for (const member of node.members) {
        const memberPath = `${path}/${escapePointer(member.name)}`
        if (!vocabulary.has(member.name)) emitKey(reader, member, memberPath, place)
        shape(reader, member.value, memberPath, place)
      }
    }
  }
  return shape
}

/** Reads with another role, channel, tool or choice. */
export function within(change: Partial<Place>, shape: Shape): Shape {
  return (reader, node, path, place) => shape(reader, node, path, { ...place, ...change })
}

/** The decoded string member of that name, if there is one. */
export function stringMember(reader: Reader, node: JsonNode, name: string): string | undefined {
  const value = memberOf(node, name)
  return value?.kind === 'string' ? reader.document.text(value) : undefined
}

export function memberOf(node: JsonNode | undefined, name: string): JsonNode | undefined {
  if (node?.kind !== 'object') return undefined
  for (const member of node.members) if (member.name === name) return member.value
  return undefined
}

const anyJson = json()

/** Read elsewhere. */
export const ignored: Shape = () => {}

/** A value nobody described: text is inspected, bare numbers pass, structure that carries text is refused. */
const unknown: Shape = (reader, node, path, place) => {
  const isRefused = reader.direction === 'request' && reader.options.unknown === 'refuse'
  if (isRefused && node.kind !== 'string' && carriesText(node)) {
    throw unknownContent(path, 'is not a field that this gateway knows, and it carries text')
  }
  anyJson(reader, node, path, place)
}

function unknownMember(
  reader: Reader,
  member: JsonMember,
  path: string,
  place: Place,
  known: ReadonlyMap<string, unknown>,
): void {
  if (reader.direction === 'request' && known.has(fold(member.name))) {
    const message = `A key in ${where(path)} differs from "${fold(member.name)}" only by letter case; some servers read it as the same.`
    throw new WireError({ code: 'ambiguous_key', status: 400, message, param: toParam(path) })
  }
  const memberPath = `${path}/${escapePointer(member.name)}`
  emitKey(reader, member, memberPath, place)
  unknown(reader, member.value, memberPath, place)
}

function mistyped(reader: Reader, node: JsonNode, path: string, place: Place, expected: string): void {
  if (reader.direction === 'request') throw invalid(path, `must be ${expected}`)
  anyJson(reader, node, path, place)
}

function emitText(reader: Reader, node: JsonNode, path: string, place: Place): void {
  if (node.end - node.start > 2) reader.emit(node, path, place, false)
}

function emitKey(reader: Reader, member: JsonMember, path: string, place: Place): void {
  if (member.name === '') return
  if (reader.direction === 'request' || !IDENTIFIER.test(member.name))
    reader.emit(member.key, `${path}~key`, place, true)
  else if (!isFieldName(member.name)) reader.name(member.key, `${path}~key`, place, true)
}

function carriesText(node: JsonNode): boolean {
  if (node.kind === 'object') return node.members.some((member) => carriesText(member.value))
  if (node.kind === 'array') return node.items.some(carriesText)
  return node.kind === 'string' && node.end - node.start > 2
}

const IDENTIFIER = /^[A-Za-z0-9_][A-Za-z0-9_.:/@+-]{0,63}$/

/** RFC 9562, behind a prefix or not: random bits, which now and then would look like an account number. */
const UUID = /^(?:[a-z]{2,12}[-_]){0,2}[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Nine characters are enough for a social security number; shorter numbers tell nothing. */
function isLongNumber(node: Span): boolean {
  return node.end - node.start >= 9
}

/** Folds like Go's encoding/json, which takes Latin letters in any case, the long s and the Kelvin sign for field names. */
export function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

export function escapePointer(name: string): string {
  return name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name
}

/** A known field with a value that it cannot have. */
export function invalid(path: string, must: string): WireError {
  return new WireError({
    code: 'invalid_request',
    status: 400,
    message: `${where(path)} ${must}.`,
    param: toParam(path),
  })
}

function unknownContent(path: string, why: string): WireError {
  const message = `${where(path)} ${why}. What cannot be inspected is not forwarded; the operator can have it inspected as plain text (option "unknown").`
  return new WireError({ code: 'unknown_content', status: 400, message, param: toParam(path) })
}

/** A JSON Pointer in the notation of OpenAI's errors: `/messages/0/content` is `messages[0].content`. */
export function toParam(path: string): string | null {
  if (path === '') return null
  const segments = path.slice(1).split('/')
  const readable = segments.map((segment) => {
    if (/^\d+$/.test(segment)) return `[${segment.slice(0, 9)}]`
    return /^[A-Za-z_][\w-]{0,39}$/.test(segment) ? `.${segment}` : '.*'
  })
  return readable.join('').replace(/^\./, '')
}

function where(path: string): string {
  const param = toParam(path)
  return param === null ? 'The body' : `"${param}"`
}

/** The root when a format must be an object. */
export function requireObject(node: JsonNode): JsonObject {
  if (node.kind !== 'object') throw invalid('', 'must be a JSON object')
  return node
}
