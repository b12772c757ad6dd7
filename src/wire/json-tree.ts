// What a JSON document is once it has been read: a tree of byte spans.

export interface JsonObject {
  readonly kind: 'object'
  readonly start: number
  readonly end: number
  readonly members: readonly JsonMember[]
}

export interface JsonArray {
  readonly kind: 'array'
  readonly start: number
  readonly end: number
  readonly items: readonly JsonNode[]
}

export interface JsonScalar {
  readonly kind: 'string' | 'number' | 'true' | 'false' | 'null'
  readonly start: number
  readonly end: number
}

/** A value and its byte span [start, end) in the document; a string's span includes its quotes. */
export type JsonNode = JsonObject | JsonArray | JsonScalar

export interface JsonMember {
  /** The decoded key. */
  readonly name: string
  /** Byte span of the key, quotes included. */
  readonly key: JsonScalar
  readonly value: JsonNode
}

export interface JsonLimits {
  /** Arrays and objects open at once; at most 1000, since reading recurses. */
  readonly maxDepth: number
  /** Values and keys in the whole document. */
  readonly maxValues: number
  /**
   * For bodies that carry vectors: an array of nothing but numbers is checked, but comes back without items and is not
   * counted, whatever its length.
   */
  readonly skipNumbers?: boolean
}

export interface JsonDocument {
  readonly bytes: Buffer
  readonly root: JsonNode
  /** The decoded value of a string node, or the literal text of any other. */
  text(node: { readonly start: number; readonly end: number }): string
}
