// Decoding spans of a JSON document that has been checked already.
import { isAscii } from 'node:buffer'

/** Decodes spans. One Latin-1 copy of the whole makes a slice of ASCII nearly free; most keys and much text are that. */
export class Decoder {
  readonly bytes: Buffer
  /** The bytes one by one as characters: native searches in it are far faster than loops. */
  readonly latin1: string
  private readonly ascii: boolean

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.latin1 = bytes.toString('latin1')
    this.ascii = isAscii(bytes)
  }

  text({ start, end }: { readonly start: number; readonly end: number }): string {
    if (this.bytes[start] !== 0x22)
      return this.ascii ? this.latin1.slice(start, end) : this.bytes.toString('utf8', start, end)
    const inner = this.ascii ? this.latin1.slice(start + 1, end - 1) : this.bytes.toString('utf8', start + 1, end - 1)
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner
  }
}
