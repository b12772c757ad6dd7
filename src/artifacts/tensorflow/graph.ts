// A graph of TensorFlow, whichever way it was written: its nodes and functions, and what is looked at in them
// (tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, function.proto).
import { fieldsOf, type Message, messageIn, textIn } from '../protobuf.ts'

export interface GraphNode {
  readonly name: string
  readonly operator: string
  /** `node`, `node:1`, `^node` for order only; in functions `node:output:0`. */
  readonly inputs: readonly string[]
  /** Attributes that are texts. */
  readonly texts: ReadonlyMap<string, string>
  /** Functions that its attributes name. */
  readonly functions: readonly string[]
  /** Texts of a constant, the first few. */
  readonly constants: readonly string[]
  readonly offset: number
  readonly length: number
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly functions: ReadonlyMap<string, readonly GraphNode[]>
}

/** Bytes that a constant carries as they are, with their place. */
export type OnContent = (offset: number, length: number) => void

/** @throws ArtifactError `malformed` */
export function readGraph(message: Message, checkTime: () => void, onContent: OnContent): Graph {
  const nodes: GraphNode[] = []
  const functions = new Map<string, readonly GraphNode[]>()
  for (const field of fieldsOf(message)) {
    checkTime()
    if (field.number === 1) nodes.push(readNode(messageIn(message, field), onContent))
    else if (field.number === 2) readLibrary(messageIn(message, field))
  }
  return { nodes, functions }

  function readLibrary(library: Message): void {
    for (const field of fieldsOf(library)) {
      if (field.number !== 1) continue
      const definition = messageIn(library, field)
      const body: GraphNode[] = []
      let name = ''
      for (const each of fieldsOf(definition)) {
        checkTime()
        if (each.number === 1) name = firstText(messageIn(definition, each))
        if (each.number === 3) body.push(readNode(messageIn(definition, each), onContent))
      }
      // Two of one name: both are looked at.
      functions.set(name, [...(functions.get(name) ?? []), ...body])
    }
  }
}

function firstText(message: Message): string {
  for (const field of fieldsOf(message)) if (field.number === 1 && field.wireType === 2) return textIn(message, field)
  return ''
}

function readNode(message: Message, onContent: OnContent): GraphNode {
  let name = ''
  let operator = ''
  const inputs: string[] = []
  const texts = new Map<string, string>()
  const functions: string[] = []
  const constants: string[] = []
  for (const field of fieldsOf(message)) {
    if (field.number === 1) name = textIn(message, field)
    else if (field.number === 2) operator = textIn(message, field)
    else if (field.number === 3) inputs.push(textIn(message, field))
    else if (field.number === 5) readAttribute(messageIn(message, field))
  }
  return {
    name,
    operator,
    inputs,
    texts,
    functions,
    constants,
    offset: message.from,
    length: message.to - message.from,
  }

  function readAttribute(entry: Message): void {
    let key = ''
    for (const field of fieldsOf(entry)) {
      if (field.number === 1) key = textIn(entry, field)
      else if (field.number === 2) readValue(key, messageIn(entry, field))
    }
  }

  /** A text, a list, a tensor or a function; the rest says nothing. */
  function readValue(key: string, value: Message): void {
    for (const field of fieldsOf(value)) {
      if (field.wireType !== 2) continue
      if (field.number === 2 && field.length <= longestText) texts.set(key, textIn(value, field))
      else if (field.number === 1) readList(key, messageIn(value, field))
      else if (field.number === 8) readTensor(messageIn(value, field))
      else if (field.number === 10) functions.push(firstText(messageIn(value, field)))
    }
  }

  function readList(key: string, list: Message): void {
    const found: string[] = []
    for (const field of fieldsOf(list)) {
      if (field.number === 2 && field.wireType === 2 && field.length <= longestText) found.push(textIn(list, field))
      else if (field.number === 9 && field.wireType === 2) functions.push(firstText(messageIn(list, field)))
    }
    if (found.length > 0) texts.set(key, found.join('\n'))
  }

  function readTensor(tensor: Message): void {
    for (const field of fieldsOf(tensor)) {
      if (field.wireType !== 2) continue
      if (field.number === 4) onContent(field.offset, field.length)
      if (field.number !== 8) continue
      if (field.length > longestText) onContent(field.offset, field.length)
      else if (constants.length < constantsKept) constants.push(textIn(tensor, field))
    }
  }
}

const longestText = 64 * 1024
const constantsKept = 64
