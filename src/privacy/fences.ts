// Finds Markdown's fenced code blocks (CommonMark 0.31.2, section 4.5), in which neither Markdown nor HTML is rendered.
//
// A fence that we see and the renderer does not would hide a link from us, so only the plainest fence counts: at most
// three spaces before it, in no list or quotation, with no HTML seen before it. Whatever might close it closes it; and
// after a closing that is not beyond doubt, no fence is believed any more.

/** The fence around the next character. */
export class FenceScanner {
  /** Whether the text is now in a code block. */
  isInside = false
  #isTrusted = true
  #isFirstLine = true
  #isLeaving = false
  #opener = 0
  #openerLength = 0
  #openerIndent = 0
  // The line so far: how far it is indented, its first characters when they are all ` or ~, and what follows them.
  #indent = 0
  #mark = 0
  #markLength = 0
  #phase: 'indent' | 'mark' | 'rest' = 'indent'
  #isRestBlank = true
  #hasTick = false

  /** @param isClear whether nothing else (a tag, a link) is open and no HTML was seen */
  step(code: number, isClear: boolean): void {
    if (code === 0x0a) {
      this.#endLine(isClear)
      this.#indent = 0
      this.#mark = 0
      this.#markLength = 0
      this.#phase = 'indent'
      this.#isRestBlank = true
      this.#hasTick = false
      return
    }
    if (this.#phase === 'rest') {
      if (code === 0x60) this.#hasTick = true
      if (code !== 0x20 && code !== 0x09 && code !== 0x0d) this.#isRestBlank = false
      return
    }
    if (this.#phase === 'indent') this.#startLine(code)
    else if (code === this.#mark) {
      this.#markLength++
      if (this.#markLength === 3 && this.isInside) this.#leave()
    } else {
      this.#phase = 'rest'
      this.step(code, isClear)
    }
  }

  #startLine(code: number): void {
    if (code === 0x20) {
      this.#indent++
      return
    }
    if (code === 0x60 || code === 0x7e) {
      this.#mark = code
      this.#markLength = 1
      this.#phase = 'mark'
    } else {
      this.#phase = 'rest'
      this.#isRestBlank = code === 0x0d
    }
    if (this.isInside) {
      // Code that is indented less than its fence may have left the list item that held both; and a tab or a `>` is
      // an indentation that renderers count differently.
      const isDoubtful = this.#indent < this.#openerIndent || code === 0x09 || code === 0x3e
      if (isDoubtful && code !== 0x0d) this.#distrust()
    } else if (STRANGE_BLOCKS.has(code) || (this.#isFirstLine && FRONT_MATTER.has(code))) this.#distrust()
  }

  #endLine(isClear: boolean): void {
    this.#isFirstLine = false
    if (this.#markLength < 3) return
    if (this.#isLeaving) {
      const isSure = this.#mark === this.#opener && this.#markLength >= this.#openerLength && this.#indent <= 3
      if (!isSure || !this.#isRestBlank) this.#distrust()
      this.#isLeaving = false
    } else if (this.#isTrusted && isClear && this.#indent <= 3 && !(this.#mark === 0x60 && this.#hasTick)) {
      this.isInside = true
      this.#opener = this.#mark
      this.#openerLength = this.#markLength
      this.#openerIndent = this.#indent
    }
  }

  /** Out already at the third mark; whether that was the real end, the rest of the line says. */
  #leave(): void {
    this.isInside = false
    this.#isLeaving = true
  }

  #distrust(): void {
    this.isInside = false
    this.#isTrusted = false
  }
}

// `$$`, `%%` and `:::` open blocks of mathematics, comments and directives; `---` and `+++` on the first line open
// front matter. In all of them a fence is no fence.
const STRANGE_BLOCKS = new Set([0x24, 0x25, 0x3a])
const FRONT_MATTER = new Set([0x2d, 0x2b])
