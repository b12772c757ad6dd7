// Finds Markdown's fenced code blocks (CommonMark 0.31.2, section 4.5), in which neither Markdown nor HTML is rendered.
//
// A fence that we see and the renderer does not would hide a link from us; and whoever misses one takes the end of it
// for a beginning. So only the plainest fence counts: at most three spaces before it, in no list or quotation, with no
// HTML seen before it. Whatever might close it closes it. And after anything else that has three marks in a row, no
// fence is believed any more.

// `$$`, `%%` and `:::` open blocks of mathematics, comments and directives; `---` and `+++` on the first line open
// front matter. In all of them a fence is no fence.
const STRANGE_BLOCKS = new Set([0x24, 0x25, 0x3a])
const FRONT_MATTER = new Set([0x2d, 0x2b])

const TICK = 0x60
const TILDE = 0x7e

/** The fence around the next character. */
export class FenceScanner {
  /** Whether the text is now in a code block. */
  isInside = false
  #isTrusted = true
  #opener = 0
  #openerLength = 0
  #openerIndent = 0
  // The line so far: how far it is indented, the marks that it begins with, and what follows them.
  #isFirstLine = true
  #phase: 'indent' | 'mark' | 'rest' = 'indent'
  #indent = 0
  #mark = 0
  #markLength = 0
  #isLeaving = false
  #isRestBlank = true
  #hasTick = false
  // Marks in a row, anywhere in the line.
  #run = 0
  #runMark = 0

  /** @param isClear whether nothing else (a tag, a link) is open and no HTML was seen */
  step(code: number, isClear: boolean): void {
    if (code === 0x0a) this.#endLine(isClear)
    else if (this.#phase === 'indent') this.#startLine(code)
    else if (this.#phase === 'mark' && code === this.#mark) this.#growMark()
    else this.#rest(code)
  }

  #startLine(code: number): void {
    if (code === 0x20) {
      this.#indent++
      return
    }
    if (code === TICK || code === TILDE) {
      this.#mark = code
      this.#markLength = 1
      this.#phase = 'mark'
    } else this.#rest(code)
    if (this.isInside) {
      // Code that is indented less than its fence may have left the list item that held both; and a tab or a `>` is
      // an indentation that renderers count differently.
      const isDoubtful = this.#indent < this.#openerIndent || code === 0x09 || code === 0x3e
      if (isDoubtful && code !== 0x0d) this.#distrust()
    } else if (STRANGE_BLOCKS.has(code) || (this.#isFirstLine && FRONT_MATTER.has(code))) this.#distrust()
  }

  /** Out already at the third mark; whether that was the real end, the rest of the line says. */
  #growMark(): void {
    this.#markLength++
    if (this.#markLength === 3 && this.isInside) {
      this.isInside = false
      this.#isLeaving = true
    }
  }

  #rest(code: number): void {
    this.#phase = 'rest'
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) this.#isRestBlank = false
    if (code !== TICK && code !== TILDE) {
      this.#run = 0
      return
    }
    if (code === TICK) this.#hasTick = true
    this.#run = code === this.#runMark ? this.#run + 1 : 1
    this.#runMark = code
    if (this.#run === 3 && !this.isInside) this.#distrust()
  }

  #endLine(isClear: boolean): void {
    if (this.#markLength >= 3) {
      const isPlain = this.#indent <= 3
      if (this.#isLeaving) {
        const isSameMark = this.#mark === this.#opener && this.#markLength >= this.#openerLength
        if (!isPlain || !isSameMark || !this.#isRestBlank) this.#distrust()
      } else if (!isPlain || !isClear || (this.#mark === TICK && this.#hasTick)) this.#distrust()
      else if (this.#isTrusted) this.#open()
    }
    this.#isFirstLine = false
    this.#phase = 'indent'
    this.#indent = 0
    this.#markLength = 0
    this.#isLeaving = false
    this.#isRestBlank = true
    this.#hasTick = false
    this.#run = 0
  }

  #open(): void {
    this.isInside = true
    this.#opener = this.#mark
    this.#openerLength = this.#markLength
    this.#openerIndent = this.#indent
  }

  #distrust(): void {
    this.isInside = false
    this.#isTrusted = false
  }
}
