// Collects what the shapes find while one body is read.
import type { JsonDocument } from './json-tree.ts'
import type { WireOptions } from './options.ts'
import { type Part, type Place, type Span, TextPart } from './part.ts'

/** A tool that the client offers to the model. */
export interface ToolDefinition extends Span {
  readonly name: string
  readonly description?: string
  readonly path: string
}

/** Something that was let through without being seen, because an option allows it. */
export interface Uninspected extends Span {
  readonly path: string
  readonly kind: 'image' | 'file' | 'audio' | 'stored_state' | 'server_tool' | 'tokens'
}

/**
 * A message or tool definition as a whole, with its parts [firstPart, endPart).
 * Agents resend theirs byte for byte, so a digest of the span recognises many parts at once.
 */
export interface Block extends Span {
  readonly path: string
  readonly firstPart: number
  readonly endPart: number
}

/** The log probabilities of one answer. */
export interface Logprobs extends Span {
  readonly choice: number
  /** The tokens spell exactly the inspected text. If not, or if that text is changed, they must be removed. */
  readonly repeatsText: boolean
}

/** What is remembered from one event of a stream to the next, or from one message of a request to the next. */
export interface Memory {
  /** Names of called tools by the id of the call or its lane, to tell whose arguments or result a text is. */
  readonly toolNames: Map<string, string>
  /** By list, whether its items say their index. */
  readonly indexing: Map<string, boolean>
}

export function createMemory(): Memory {
  return { toolNames: new Map(), indexing: new Map() }
}

export class Reader {
  readonly document: JsonDocument
  readonly options: WireOptions
  /** Client requests are held to more than upstream answers, which are inspected whatever they look like. */
  readonly direction: 'request' | 'response'
  readonly parts: Part[] = []
  /** Of an answer: short names given by software, which nothing can be masked in. */
  readonly names: Part[] = []
  readonly blocks: Block[] = []
  readonly tools: ToolDefinition[] = []
  readonly uninspected: Uninspected[] = []
  /** Log probabilities, which repeat text token by token. */
  readonly logprobs: Logprobs[] = []
  readonly memory: Memory

  constructor(
    document: JsonDocument,
    options: WireOptions,
    direction: 'request' | 'response',
    memory: Memory = createMemory(),
  ) {
    this.memory = memory
    this.document = document
    this.options = options
    this.direction = direction
  }

  /** Called for every piece of text, in document order within an object or array. */
  emit(span: Span, path: string, place: Place, isKey: boolean): void {
    this.parts.push(new TextPart(this.document, span, path, place, isKey))
  }

  /** Called for a short name in an answer, given by the upstream's software. */
  name(span: Span, path: string, place: Place, isKey: boolean): void {
    this.names.push(new TextPart(this.document, span, path, place, isKey))
  }

  /** Runs `read` and records what it found as one block. */
  block(span: Span, path: string, read: () => void): void {
    const firstPart = this.parts.length
    read()
    this.blocks.push({ path, start: span.start, end: span.end, firstPart, endPart: this.parts.length })
  }
}
