// A part: one string of a request or answer that must be inspected, and where exactly it is.
import type { JsonDocument } from './json-tree.ts'

/** Who is speaking, as far as trust is concerned. */
export type Channel = 'system' | 'user' | 'assistant' | 'tool_definition' | 'tool_call' | 'tool_result' | 'document'

/** A byte span [start, end). */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where a part was found, and whose it is. Passed down while reading. */
export interface Place {
  /** The message's role; `request` outside messages, `tool` in tool definitions. */
  readonly role: string
  readonly channel: Channel
  /** `json` when the text is itself a JSON document, such as the arguments of a call. */
  readonly contentType: 'text' | 'json'
  /** Name of the tool that is defined, called or answering. */
  readonly tool?: string | undefined
  /** Which of several answers, by its `index`. */
  readonly choice?: number | undefined
  /**
   * `text` is covered by a signature of the provider, who takes it back only byte for byte; `seal` is such a signature,
   * or content that is encrypted whole. Without it, everybody may change the text.
   */
  readonly signed?: 'text' | 'seal' | undefined
  /**
   * In an answer: `alone` is read as a text of its own, `joined` as one with all other such texts, in their order.
   * Where a format does not say, a text that is one of several is taken for a piece of something.
   */
  readonly reading?: 'alone' | 'joined' | undefined
  /** In a stream, the lane that text found here continues. */
  readonly lane?: LanePlace
}

/** `name` stands for the first `from` characters of the path; what follows them completes the lane's id. */
interface LanePlace {
  readonly name: string
  readonly from: number
  /** True when each piece is complete in itself and does not continue the one before. */
  readonly isWhole?: boolean
}

/** The span is that of the JSON token in the body, quotes included. */
export interface Part extends Omit<Place, 'lane'>, Span {
  /** JSON Pointer (RFC 6901) of the value. For a key, that of its member and `~key`, which no pointer can end in. */
  readonly path: string
  /** True when the part is an object's key and not a value. */
  readonly isKey?: boolean
  /** The decoded text. */
  readonly text: string
}

/** A part that decodes its text only when it is read: with a verdict cache over body bytes it often is not. */
export class TextPart implements Part {
  readonly path: string
  readonly role: string
  readonly channel: Channel
  readonly contentType: 'text' | 'json'
  readonly tool: string | undefined
  readonly choice: number | undefined
  readonly signed: Place['signed']
  readonly reading: Place['reading']
  readonly isKey: boolean
  readonly start: number
  readonly end: number
  private readonly document: JsonDocument
  private decoded: string | undefined

  constructor(document: JsonDocument, span: Span, path: string, place: Place, isKey: boolean) {
    this.document = document
    this.path = path
    this.role = place.role
    this.channel = place.channel
    this.contentType = place.contentType
    this.tool = place.tool
    this.choice = place.choice
    this.signed = place.signed
    this.reading = place.reading
    this.isKey = isKey
    this.start = span.start
    this.end = span.end
  }

  get text(): string {
    this.decoded ??= this.document.text(this)
    return this.decoded
  }
}
