// What this room refuses. How a client is told about it is for its format to say.

export type WireErrorCode =
  /** Not JSON by RFC 8259, or not UTF-8, or a byte order mark, or a lone surrogate. */
  | 'invalid_json'
  /** An object has the same key twice, however it is escaped. */
  | 'duplicate_key'
  /** A key differs from a known one only by letter case, which some servers ignore. */
  | 'ambiguous_key'
  /** Nested deeper, or made of more values, than the limits allow. */
  | 'json_too_complex'
  /** A known field has a value of the wrong type or range. */
  | 'invalid_request'
  /** A field that would send the request elsewhere, as somebody else, or past a check. */
  | 'refused_field'
  /** Something that may carry content and that this room does not know. */
  | 'unknown_content'
  /** Content that cannot be inspected: a reference, inline media, state kept by the provider. */
  | 'opaque_content'
  /** A server-sent event is longer than the limit. */
  | 'event_too_large'
  /** The upstream answered with something that is not a well-formed answer. */
  | 'invalid_response'
  /** An edit that does not fit the body it is applied to: a mistake of the caller. */
  | 'misplaced_edit'

export interface WireErrorDetails {
  readonly code: WireErrorCode
  /** HTTP status that the client should see. */
  readonly status: number
  /** What was wrong, where, and what to do; never the client's text. */
  readonly message: string
  /** The field concerned, in OpenAI's notation (`messages[0].content`); null when it is the whole body. */
  readonly param?: string | null
}

/** The one error of this room. Its message never quotes what was being parsed. */
export class WireError extends Error {
  readonly code: WireErrorCode
  readonly status: number
  readonly param: string | null

  constructor(details: WireErrorDetails) {
    super(details.message)
    this.name = 'WireError'
    this.code = details.code
    this.status = details.status
    this.param = details.param ?? null
  }
}

/** Runs a parser over what an upstream sent: whatever is wrong with it is the upstream's fault (502), not the client's. */
export function blameUpstream<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof WireError) || error.status === 502) throw error
    throw new WireError({
      code: error.code === 'opaque_content' ? error.code : 'invalid_response',
      status: 502,
      message: `The upstream's answer cannot be read: ${error.message}`,
      param: error.param,
    })
  }
}
