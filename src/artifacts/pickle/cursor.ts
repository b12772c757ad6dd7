// Reads a source from front to back through a window, for formats whose every byte has to be looked at.
import { ArtifactError } from '../error.ts'
import type { Source } from '../source.ts'

const defaultWindow = 1024 * 1024

/** Fields are public and plain: the machine's loop reads them directly, some ten million times a second. */
export class Cursor {
  readonly source: Source
  window: Uint8Array
  view: DataView
  /** Offset of the window in the source. */
  start = 0
  /** Place of the next byte in the window. */
  at = 0

  private readonly windowLength: number

  constructor(source: Source, offset = 0, windowLength = defaultWindow) {
    this.source = source
    this.windowLength = windowLength
    this.start = offset
    this.window = source.read(offset, windowLength)
    this.view = viewOf(this.window)
  }

  get offset(): number {
    return this.start + this.at
  }

  get isAtEnd(): boolean {
    return this.at >= this.window.length && this.start + this.window.length >= this.source.size
  }

  /** Makes the next `length` bytes, at most a window's, lie in the window. @throws ArtifactError `malformed` at the end */
  need(length: number): void {
    if (this.at + length <= this.window.length) return
    const { offset } = this
    if (offset + length > this.source.size) throw cutOff(offset)
    this.start = offset
    this.at = 0
    this.window = this.source.read(offset, Math.max(length, this.windowLength))
    this.view = viewOf(this.window)
    if (this.window.length < length) throw cutOff(offset)
  }

  /** Passes over bytes that nobody needs to see. @throws ArtifactError `malformed` when there are fewer */
  skip(length: number): void {
    if (length > this.source.size - this.offset) throw cutOff(this.offset)
    if (this.at + length <= this.window.length) {
      this.at += length
      return
    }
    this.start = this.offset + length
    this.at = 0
    this.window = new Uint8Array(0)
    this.view = viewOf(this.window)
  }

  /** The bytes of a line without its `\n`, which must be there. */
  line(maxLength: number): Uint8Array {
    for (let length = 256; ; length *= 4) {
      const available = Math.min(length, this.source.size - this.offset)
      this.need(available)
      const end = this.window.subarray(this.at, this.at + available).indexOf(0x0a)
      if (end >= 0) {
        const line = this.window.subarray(this.at, this.at + end)
        this.at += end + 1
        return line
      }
      if (available < length) throw cutOff(this.offset)
      if (length > maxLength)
        throw new ArtifactError('over_limit', `limit reached: a line of more than ${maxLength} bytes`, this.offset)
    }
  }

  /** Any bytes of the source, from the window where they are there; fewer at the end. */
  peek(offset: number, length: number): Uint8Array {
    const from = offset - this.start
    if (from >= 0 && from + length <= this.window.length) return this.window.subarray(from, from + length)
    return this.source.read(offset, length)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function cutOff(offset: number): ArtifactError {
  return new ArtifactError('malformed', 'the pickle breaks off', offset)
}
