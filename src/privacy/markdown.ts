// Finds out, a character at a time, whether text stands inside a Markdown image, the destination or title of a link,
// or a reference definition (CommonMark 0.31.2, sections 4.7, 6.3 and 6.4).
//
// Renderers disagree about what is a link, so going in is easy and coming out is hard: `](` opens a destination even
// where CommonMark would see an escape or no opening bracket, and a blank line does not close one, because renderers
// made of a regular expression go on past it (`!\[.*\]\([^)]*\)`, and browsers drop the line breaks).

const NONE = 0
const IMAGE = 1 // `![ … ]`
const IMAGE_END = 2 // directly after the `]` of an image
const DESTINATION = 3 // `]( … )`, title included
const DEFINITION = 4 // `]:` and the destination after it
const LABEL = 5 // `![ … ][ … ]`

/** The Markdown around the next character. */
export class MarkdownScanner {
  #mode = NONE
  #previous = 0
  #depth = 0
  #imageDepth = 0
  #isEmpty = false
  #isAngled = false
  #quote = 0
  #isBlankLine = true
  #brackets = 0

  /** In an image, a destination, a title or a definition; or where `[` would begin an image. */
  get isInside(): boolean {
    return this.#mode !== NONE || this.#previous === 0x21
  }

  /** Directly where the destination of a link, an image or a definition begins. */
  get isAtDestination(): boolean {
    return (this.#mode === DESTINATION || this.#mode === DEFINITION) && this.#isEmpty
  }

  /** Between brackets: the label of a definition, which some renderers follow through a fence. */
  get isInBrackets(): boolean {
    return this.#brackets > 0
  }

  step(code: number): void {
    const previous = this.#previous
    this.#previous = code
    const endsParagraph = code === 0x0a && this.#isBlankLine
    if (code === 0x0a) this.#isBlankLine = true
    else if (code !== 0x20 && code !== 0x09 && code !== 0x0d) this.#isBlankLine = false
    if (endsParagraph) this.#brackets = 0
    else if (code === 0x5b) this.#brackets++
    else if (code === 0x5d && this.#brackets > 0) this.#brackets--
    if (this.#mode === NONE) this.#enter(code, previous)
    else if (this.#mode === DESTINATION) this.#destination(code, previous, endsParagraph)
    else if (this.#mode === DEFINITION) this.#definition(code, previous, endsParagraph)
    else if (this.#mode === IMAGE_END) this.#imageEnd(code, previous)
    else this.#image(code, previous, endsParagraph)
  }

  #enter(code: number, previous: number): void {
    if (previous === 0x21) {
      if (code === 0x5b) this.#begin(IMAGE)
    } else if (previous === 0x5d) {
      if (code === 0x28) this.#begin(DESTINATION)
      else if (code === 0x3a) this.#begin(DEFINITION)
    }
  }

  #begin(mode: number): void {
    this.#mode = mode
    this.#depth = 1
    this.#isEmpty = true
    this.#isAngled = false
    this.#quote = 0
  }

  #image(code: number, previous: number, endsParagraph: boolean): void {
    if (endsParagraph) this.#mode = NONE
    else if (code === 0x5b) this.#depth++
    else if (code === 0x5d && previous !== 0x5c) {
      this.#depth--
      if (this.#depth === 0) this.#mode = this.#mode === IMAGE ? IMAGE_END : NONE
    } else if (code === 0x28 && previous === 0x5d) {
      // `![a [b](` is an image only if its own `]` comes; until then, the link inside of it counts.
      const depth = this.#depth
      this.#begin(DESTINATION)
      this.#imageDepth = depth
    }
  }

  #destination(code: number, previous: number, endsParagraph: boolean): void {
    if (endsParagraph) {
      this.#isAngled = false
      this.#quote = 0
    }
    if (isSpace(code) || (this.#isEmpty && code === 0x3e)) return
    const isFirst = this.#isEmpty
    this.#isEmpty = false
    if (code === 0x28) this.#depth++
    else if (this.#isAngled) {
      if (code === 0x3e && previous !== 0x5c) this.#isAngled = false
    } else if (this.#quote !== 0) {
      if (code === this.#quote && previous !== 0x5c) this.#quote = 0
    } else if (code === 0x3c && isFirst) this.#isAngled = true
    else if ((code === 0x22 || code === 0x27) && isSpace(previous)) this.#quote = code
    else if (code === 0x29 && previous !== 0x5c) {
      this.#depth--
      if (this.#depth === 0) this.#leaveDestination()
    }
  }

  #imageEnd(code: number, previous: number): void {
    this.#mode = NONE
    if (code === 0x5b) this.#begin(LABEL)
    else this.#enter(code, previous)
  }

  #leaveDestination(): void {
    this.#mode = this.#imageDepth > 0 ? IMAGE : NONE
    this.#depth = this.#imageDepth
    this.#imageDepth = 0
  }

  #definition(code: number, previous: number, endsParagraph: boolean): void {
    this.#enter(code, previous)
    if (this.#mode !== DEFINITION) return
    if (endsParagraph) this.#mode = NONE
    else if (this.#isEmpty) {
      // The `>` of a quotation may stand before the destination too.
      if (isSpace(code) || code === 0x3e) return
      this.#isEmpty = false
      this.#isAngled = code === 0x3c
    } else if (this.#isAngled) {
      if (code === 0x3e || code === 0x0a) this.#mode = NONE
    } else if (isSpace(code)) this.#mode = NONE
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
