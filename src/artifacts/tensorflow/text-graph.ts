// Graphs in protobuf's text format (protobuf.dev/reference/protobuf/textformat-spec), as .pbtxt files hold them.
import { ArtifactError } from '../error.ts'
import type { Graph, GraphNode } from './graph.ts'

/** A message: its fields in their order, each a text, a bare word or number, or a message. */
export interface TextMessage {
  readonly offset: number
  readonly fields: readonly TextField[]
}

interface TextField {
  readonly name: string
  readonly value: string | TextMessage
}

const maxDepth = 100

/** @throws ArtifactError `malformed`, `over_limit` */
export function parseTextFormat(text: string, checkTime: () => void): TextMessage {
  const token =
    /\s+|#[^\n]*|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|[A-Za-z_][\w./]*|-?[\d.][\w.+-]*|[\s\S]/gy
  let current = ''
  let offset = 0
  let next = 0
  advance()
  return message('', 0)

  /** To the next token that means something; empty at the end. */
  function advance(): void {
    do {
      offset = next
      token.lastIndex = next
      current = token.exec(text)?.[0] ?? ''
      next = offset + current.length
    } while (current !== '' && /^[\s#]/.test(current))
  }

  function message(close: string, depth: number): TextMessage {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: more than ${maxDepth} levels`, offset)
    const start = offset
    const fields: TextField[] = []
    while (current !== close) {
      checkTime()
      if (current === '') throw malformed('a message does not end')
      for (const field of oneField(depth)) fields.push(field)
    }
    advance()
    return { offset: start, fields }
  }

  function isAt(sign: string): boolean {
    return current === sign
  }

  /** One field, or several of one name: `name: [a, b]`. */
  function oneField(depth: number): readonly TextField[] {
    const name = current === '[' ? extensionName() : current
    if (!/^[A-Za-z_[]/.test(name)) throw malformed('no name of a field')
    if (current !== '') advance()
    if (current === ':') advance()
    const values: (string | TextMessage)[] = []
    if (isAt('[')) {
      do {
        advance()
        if (!isAt(']')) values.push(value(depth))
      } while (isAt(','))
      if (!isAt(']')) throw malformed('a list does not end')
      advance()
    } else values.push(value(depth))
    while (current === ',' || current === ';') advance()
    return values.map((each) => ({ name, value: each }))
  }

  function extensionName(): string {
    let name = ''
    while (current !== ']' && current !== '') {
      name += current
      advance()
    }
    return `${name}]`
  }

  function value(depth: number): string | TextMessage {
    if (current === '{' || current === '<') {
      const close = current === '{' ? '}' : '>'
      advance()
      return message(close, depth + 1)
    }
    if (!/^["']/.test(current)) {
      if (!/^[\w.+-]/.test(current)) throw malformed('no value')
      const word = current
      advance()
      return word
    }
    let joined = ''
    while (/^["']/.test(current)) {
      joined += unescaped(current.slice(1, -1))
      advance()
    }
    return joined
  }

  function malformed(what: string): ArtifactError {
    return new ArtifactError('malformed', `not protobuf text: ${what}`, offset)
  }
}

const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex, unicode, octal, sign) => {
      if (hex !== undefined || unicode !== undefined) return String.fromCharCode(Number.parseInt(hex ?? unicode, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
      return letters[sign] ?? sign
    },
  )
}

export function messagesNamed(message: TextMessage, name: string): readonly TextMessage[] {
  return message.fields.flatMap((field) =>
    field.name === name && typeof field.value !== 'string' ? [field.value] : [],
  )
}

export function textsNamed(message: TextMessage, name: string): readonly string[] {
  return message.fields.flatMap((field) =>
    field.name === name && typeof field.value === 'string' ? [field.value] : [],
  )
}

/** A GraphDef. */
export function graphOfText(message: TextMessage): Graph {
  const functions = new Map<string, readonly GraphNode[]>()
  for (const library of messagesNamed(message, 'library'))
    for (const definition of messagesNamed(library, 'function')) {
      const name = messagesNamed(definition, 'signature').flatMap((each) => textsNamed(each, 'name'))[0] ?? ''
      functions.set(name, [...(functions.get(name) ?? []), ...messagesNamed(definition, 'node_def').map(nodeOfText)])
    }
  return { nodes: messagesNamed(message, 'node').map(nodeOfText), functions }
}

function nodeOfText(message: TextMessage): GraphNode {
  const texts = new Map<string, string>()
  const functions: string[] = []
  const constants: string[] = []
  for (const entry of messagesNamed(message, 'attr')) {
    const key = textsNamed(entry, 'key').at(-1) ?? ''
    for (const value of messagesNamed(entry, 'value')) {
      const lists = messagesNamed(value, 'list')
      const found = [value, ...lists].flatMap((each) => textsNamed(each, 's'))
      if (found.length > 0) texts.set(key, found.join('\n'))
      for (const called of [value, ...lists].flatMap((each) => messagesNamed(each, 'func')))
        functions.push(...textsNamed(called, 'name'))
      for (const tensor of messagesNamed(value, 'tensor')) constants.push(...textsNamed(tensor, 'string_val'))
    }
  }
  return {
    name: textsNamed(message, 'name').at(-1) ?? '',
    operator: textsNamed(message, 'op').at(-1) ?? '',
    inputs: textsNamed(message, 'input'),
    texts,
    functions,
    constants,
    offset: message.offset,
    length: 0,
  }
}
