// Where a decoder puts what it takes out: bytes that grow to a limit and not beyond.
import { ArtifactError } from '../error.ts'

export class Output {
  bytes: Uint8Array
  length = 0
  private readonly limit: number

  /** @param announced  bytes to begin with, where the container says how many there will be */
  constructor(limit: number, announced = 64 * 1024) {
    this.limit = limit
    this.bytes = new Uint8Array(Math.max(16, Math.min(limit, announced)))
  }

  /** Bytes that may still come. */
  get room(): number {
    return this.limit - this.length
  }

  /** @throws ArtifactError `over_limit` */
  push(byte: number): void {
    if (this.length >= this.bytes.length) this.grow(1)
    this.bytes[this.length++] = byte
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Repeats `length` bytes from `distance` before the end; they may overlap what is written. */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.length) throw new ArtifactError('malformed', 'a copy from before the beginning')
    if (this.length + length > this.bytes.length) this.grow(length)
    const { bytes } = this
    let to = this.length
    for (let from = to - distance, end = from + length; from < end; ) bytes[to++] = bytes[from++] ?? 0
    this.length = to
  }

  content(): Buffer {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.length)
  }

  private grow(more: number): void {
    const needed = this.length + more
    if (needed > this.limit)
      throw new ArtifactError('over_limit', `limit reached: unpacks to more than ${this.limit} bytes`)
    const larger = new Uint8Array(Math.min(this.limit, Math.max(needed, this.bytes.length * 2)))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }
}
