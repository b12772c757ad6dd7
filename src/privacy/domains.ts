// Finds bare domains (`evil.example/path`, `10.0.0.1:80`), which chat programs turn into links, and some of them fetch
// for a preview, although no scheme stands before them.

/** Reads one word; the caller says where words end. */
export class DomainScanner {
  // Characters of the last label, -1 before the first dot; whether that label begins with a letter; dots so far.
  #label = -1
  #isAlphabetic = false
  #dots = 0
  #isPort = false
  #isInLabel = false

  reset(): void {
    this.#label = -1
    this.#dots = 0
    this.#isPort = false
    this.#isInLabel = false
  }

  /** Reads a letter, a digit or any other character that may stand in an international domain. */
  letter(code: number): void {
    this.#isInLabel = true
    if (this.#isPort) {
      if (code > 0x39) this.reset()
      return
    }
    if (this.#label < 0) return
    if (this.#label === 0) this.#isAlphabetic = code > 0x39
    this.#label++
  }

  /** Reads any other character. @returns what it makes of the word so far: an address, a domain that ends, or nothing */
  mark(code: number): 'address' | 'domain' | undefined {
    const isDomain = this.#isDomain()
    if (isDotLike(code)) {
      if (this.#isInLabel && !this.#isPort) {
        this.#label = 0
        this.#dots++
        this.#isInLabel = false
      } else this.reset()
      return undefined
    }
    if (code === 0x2d && !this.#isPort) {
      if (this.#label > 0) this.#label++
      return undefined
    }
    if (isDomain && code === 0x3a && !this.#isPort) {
      this.#isPort = true
      return 'domain'
    }
    this.reset()
    if (!isDomain || code === 0x40) return undefined
    return code === 0x2f || code === 0x5c || code === 0x3f || code === 0x23 ? 'address' : 'domain'
  }

  #isDomain(): boolean {
    return (this.#label >= 2 && this.#isAlphabetic) || (this.#dots >= 3 && this.#label >= 1)
  }
}

/** What IDNA takes for a dot (UTS 46): a full stop of any script. */
export function isDotLike(code: number): boolean {
  return code === 0x2e || code === 0x3002 || code === 0xff0e || code === 0xff61
}
