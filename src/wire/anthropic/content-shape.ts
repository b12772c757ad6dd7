// Content blocks of a request to Anthropic's Messages API (anthropic-sdk-typescript 1.11, resources/messages, and the
// blocks of resources/beta/messages that clients send back).
import type { JsonNode } from '../json-tree.ts'
import { fileData, fileReference, fileUrl, imageData, imageReference, imageUrl, remote, sealed } from '../opaque.ts'
import type { Reader } from '../reader.ts'
import {
  either,
  ignored,
  json,
  list,
  object,
  type Shape,
  scalar,
  stringMember,
  text,
  variants,
  within,
  word,
} from '../shape.ts'

const anything = json()

/** Marks a breakpoint of the provider's cache. */
export const cacheControl = object({ type: word('ephemeral'), ttl: word('5m', '1h') })

const caching = { cache_control: cacheControl }
const citing = { citations: object({ enabled: scalar }) }

/** All kinds of citation: they differ only in how they say where the cited text is. */
export const citationFields = {
  cited_text: text,
  document_index: scalar,
  document_title: text,
  search_result_index: scalar,
  start_char_index: scalar,
  end_char_index: scalar,
  start_page_number: scalar,
  end_page_number: scalar,
  start_block_index: scalar,
  end_block_index: scalar,
  file_id: text,
  encrypted_index: text,
  source: text,
  title: text,
  url: text,
}

export const citationKind = word(
  'char_location',
  'page_location',
  'content_block_location',
  'web_search_result_location',
  'search_result_location',
)

const citation = object({ ...citationFields, type: citationKind })

const textFields = { text, citations: list(citation), ...caching }

export const textBlocks = list(variants('type', { text: textFields }))

const imageFields = {
  source: variants('type', {
    base64: { data: imageData, media_type: word('image/jpeg', 'image/png', 'image/gif', 'image/webp') },
    url: { url: imageUrl },
    file: { file_id: imageReference },
  }),
  transformations: object({ oversized_image: word('downsize', 'error') }),
  ...caching,
}

const documentFields = inChannel('document', {
  source: variants('type', {
    text: { data: text, media_type: word('text/plain') },
    content: {
      content: either({ string: text, array: list(variants('type', { text: textFields, image: imageFields })) }),
    },
    base64: { data: fileData, media_type: word('application/pdf') },
    url: { url: fileUrl },
    file: { file_id: fileReference },
  }),
  title: text,
  context: text,
  ...citing,
  ...caching,
})

const searchResultFields = inChannel('document', {
  content: textBlocks,
  source: text,
  title: text,
  ...citing,
  ...caching,
})

/** What a tool of the client answers may hold. */
const resultBlock = variants('type', {
  text: textFields,
  image: imageFields,
  document: documentFields,
  search_result: searchResultFields,
  tool_reference: { tool_name: text, ...caching },
  browser_state: { tabs: anything, state_changes: anything, ...caching },
})

/** Who called a tool: the model itself, or code that it runs at the provider. */
const caller = object({ type: word('direct'), tool_id: text })

const toolUse = object({
  type: word('tool_use'),
  id: text,
  name: text,
  input: anything,
  caller,
  toolset_name: text,
  ...caching,
})

const toolUseBlock: Shape = (reader, node, path, place) => {
  const tool = calledTool(reader, node)
  const id = stringMember(reader, node, 'id')
  if (id !== undefined && tool !== undefined) reader.memory.toolNames.set(id, tool)
  toolUse(reader, node, path, { ...place, channel: 'tool_call', tool })
}

/**
 * The name by which policy knows a called tool. A member of a toolset has a name such as `type` or `key` that says
 * little, so the toolset's stands before it.
 */
export function calledTool(reader: Reader, node: JsonNode): string | undefined {
  const name = stringMember(reader, node, 'name')
  const toolset = stringMember(reader, node, 'toolset_name')
  return name !== undefined && toolset ? `${toolset}_${name}` : name
}

const toolResult = object({
  type: word('tool_result'),
  tool_use_id: text,
  content: either({ string: text, array: list(resultBlock) }),
  is_error: scalar,
  toolset_name: text,
  ...caching,
})

const toolResultBlock: Shape = (reader, node, path, place) => {
  const tool = reader.memory.toolNames.get(stringMember(reader, node, 'tool_use_id') ?? '')
  toolResult(reader, node, path, { ...place, channel: 'tool_result', tool })
}

/** Text under a seal of the provider, who refuses it when a byte of it has changed. */
const signed = within({ signed: 'text' }, text)

const plainBlock = variants('type', {
  text: textFields,
  image: imageFields,
  document: documentFields,
  search_result: searchResultFields,
  thinking: { thinking: signed, signature: sealed },
  redacted_thinking: { data: sealed },
  compaction: {
    content: signed,
    encrypted_content: sealed,
    signature: sealed,
    tool_changes: within({ signed: 'text' }, anything),
    ...caching,
  },
})

/** Calls of tools that the provider runs, their results, and what they left there. */
const SERVER_BLOCK =
  /^(?:server_tool_use|container_upload|mcp_tool_(?:use|result|listing)|(?:web_search|web_fetch|(?:bash_|text_editor_)?code_execution|tool_search|advisor)_tool_result)$/

const serverBlock = remote(
  within(
    { channel: 'tool_result' },
    object({
      type: ignored,
      id: text,
      name: text,
      server_name: text,
      mcp_server_name: text,
      tool_use_id: text,
      file_id: text,
      input: anything,
      content: anything,
      tools: anything,
      is_error: scalar,
      caller,
      ...caching,
    }),
  ),
)

const block: Shape = (reader, node, path, place) => {
  const type = stringMember(reader, node, 'type') ?? ''
  if (type === 'tool_use') toolUseBlock(reader, node, path, place)
  else if (type === 'tool_result') toolResultBlock(reader, node, path, place)
  else if (SERVER_BLOCK.test(type)) serverBlock(reader, node, path, place)
  else plainBlock(reader, node, path, place)
}

/** The content of a message: a string, or blocks. */
export const content: Shape = either({ string: text, array: list(block) })

/** Fields read in another channel. */
function inChannel(channel: 'document', fields: Readonly<Record<string, Shape>>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, within({ channel }, shape)]))
}
