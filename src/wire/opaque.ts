// Content that cannot be seen from the request: inline media, references, state that the provider keeps.
// Each is refused unless its own option allows it, and is then reported as not inspected.
import { WireError } from './errors.ts'
import type { JsonNode } from './json-tree.ts'
import type { Reader, Uninspected } from './reader.ts'
import { either, invalid, list, object, type Shape, text, toParam } from './shape.ts'

/** An image: an https URL is text and a reference, a data URL is inline data, anything else is refused. */
export const imageUrl: Shape = (reader, node, path, place) => {
  const { images } = reader.options
  const url = node.kind === 'string' ? reader.document.text(node) : ''
  if (publicUrl.test(url) && !specialName.test(url)) {
    admit(reader, node, path, 'image', images !== 'refuse')
    text(reader, node, path, place)
  } else if (/^data:image\/[\w.+-]+;base64,/i.test(url)) {
    admit(reader, node, path, 'image', images === 'any')
  } else {
    throw invalid(path, 'must be an https URL with a public host name, or a base64 data URL of an image')
  }
}

/**
 * Whoever fetches the image is inside the network, and URL parsers disagree: so a host is letters, digits and dashes
 * between dots, its last label begins with a letter (which no spelling of an address does), and no userinfo precedes it.
 */
const publicUrl =
  /^https:\/\/(?:[a-z\d](?:[a-z\d-]{0,62})\.)+[a-z][a-z\d-]{0,62}(?::\d{1,5})?(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/i

/** Names that are never public: RFC 6761, RFC 6762, RFC 8375, and what clouds and sites use inside. */
const specialName =
  /^https:\/\/[^/?#]*\.(?:localhost|local|internal|intranet|corp|home|lan|private|home\.arpa|in-addr\.arpa)(?:[:/?#]|$)/i

/** An image's bytes in base64. */
export const imageData: Shape = inline('image')

/** The id of an image that the provider holds: text, and a reference. */
export const imageReference: Shape = (reader, node, path, place) => {
  if (node.kind === 'null') return
  admit(reader, node, path, 'image', reader.options.images !== 'refuse')
  text(reader, node, path, place)
}

/** Bytes as a string. Anything else in its place is no media, and read for the texts in it. */
function inline(kind: 'image' | 'file' | 'audio'): Shape {
  return (reader, node, path, place) => {
    if (node.kind === 'string') admit(reader, node, path, kind, reader.options[OPTION[kind]] === 'any')
    else text(reader, node, path, place)
  }
}

/** Where the provider fetches a file: an https URL is text and a reference, anything else is refused. */
export const fileUrl: Shape = (reader, node, path, place) => {
  const url = node.kind === 'string' ? reader.document.text(node) : ''
  if (!publicUrl.test(url) || specialName.test(url)) throw invalid(path, 'must be an https URL with a public host name')
  admit(reader, node, path, 'file', reader.options.files !== 'refuse')
  text(reader, node, path, place)
}

/** The id of a file that the provider holds: text, and a reference. */
export const fileReference: Shape = (reader, node, path, place) => {
  if (node.kind === 'null') return
  admit(reader, node, path, 'file', reader.options.files !== 'refuse')
  text(reader, node, path, place)
}

/** A file's bytes in base64. */
export const fileData: Shape = inline('file')

/** Audio bytes in base64, or the id of earlier audio. */
export const audioData: Shape = inline('audio')

/** An id under which the provider keeps earlier text: a response, a conversation, a cache. */
export const stateReference: Shape = (reader, node, path, place) => {
  if (node.kind === 'null') return
  admit(reader, node, path, 'stored_state', reader.options.storedState === 'any')
  reference(reader, node, path, place)
}

const reference = either({ string: text, object: object({ id: text }) })

/** Something that the provider does or did elsewhere. What of it is in the body is read as `shape` says. */
export function remote(shape: Shape): Shape {
  return (reader, node, path, place) => {
    if (node.kind === 'null' || (node.kind === 'array' && node.items.length === 0)) return
    admit(reader, node, path, 'server_tool', reader.options.serverTools === 'any')
    shape(reader, node, path, place)
  }
}

/** A signature, or content that the provider has encrypted, in base64. Inspected as text, and never changed. */
export const sealed: Shape = (reader, node, path, place) => {
  if (reader.direction === 'request' && node.kind === 'string' && !BASE64.test(reader.document.text(node))) {
    throw invalid(path, 'must be base64, as the provider gave it')
  }
  text(reader, node, path, { ...place, signed: 'seal' })
}

/** Of either alphabet (RFC 4648, sections 4 and 5). */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/**
 * Text as strings, or as the numbers of a tokenizer: those are text that only the model can read. A list of both is
 * refused, since servers disagree about it.
 */
export const textOrTokens: Shape = (reader, node, path, place) => {
  if (node.kind !== 'array') text(reader, node, path, place)
  else if (node.items.length > 0 && (isTokens(node) || node.items.every(isTokens)))
    admit(reader, node, path, 'tokens', reader.options.tokens === 'any')
  else if (node.items.every(({ kind }) => kind === 'string')) list(text)(reader, node, path, place)
  else throw invalid(path, 'must be a string, a list of strings, or lists of token numbers')
}

function isTokens(node: JsonNode): boolean {
  return node.kind === 'array' && node.items.every(({ kind }) => kind === 'number')
}

/** `store: true`: what was said can later be fetched past this gateway. */
export const storeFlag: Shape = (reader, node, path) => {
  if (node.kind === 'true') admit(reader, node, path, 'stored_state', reader.options.storedState === 'any')
  else if (node.kind !== 'false' && node.kind !== 'null') throw invalid(path, 'must be a boolean')
}

/** `modalities`: text passes, audio in the answer is content that nobody sees. */
export const modality: Shape = (reader, node, path, place) => {
  const name = node.kind === 'string' ? reader.document.text(node) : ''
  if (name === 'audio') admit(reader, node, path, 'audio', reader.options.audio === 'any')
  else if (name !== 'text') text(reader, node, path, place)
}

function admit(reader: Reader, node: JsonNode, path: string, kind: Uninspected['kind'], isAllowed: boolean): void {
  if (isAllowed) {
    reader.uninspected.push({ path, kind, start: node.start, end: node.end })
    return
  }
  const option = OPTION[kind]
  throw new WireError({
    code: 'opaque_content',
    status: 400,
    message: `"${toParam(path)}" is ${NOUN[kind]}, which cannot be inspected here. What cannot be inspected is not forwarded; the operator can allow it (option "${option}").`,
    param: toParam(path),
  })
}

const OPTION = {
  image: 'images',
  file: 'files',
  audio: 'audio',
  stored_state: 'storedState',
  server_tool: 'serverTools',
  tokens: 'tokens',
} as const

const NOUN = {
  image: 'an image',
  file: 'a file',
  audio: 'audio',
  stored_state: 'text kept by the provider',
  server_tool: 'something that the provider runs',
  tokens: 'text as token numbers',
} as const
