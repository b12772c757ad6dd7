// Finds out, a character at a time, whether text stands inside an HTML tag, comment or active element (WHATWG HTML,
// section 13.2.5, tokenization).
//
// Which `<` really begins a tag depends on what is around it: a code span, a quoted attribute, a comment. An attacker
// who can make us and the renderer disagree about one quotation mark has won (`<a title="` in a code span, then
// `<img src="`). So nothing is decided: every `<` begins a tag of its own, in addition to those already open, and all
// of them are followed together as a set of states, one bit each. Only when each of them has surely ended is text
// outside of markup.
//
// In Markdown even the end is unsure. What looks like an end tag or a closing quote may be code to the renderer, which
// writes it as `&lt;` and `&quot;`, so that for the browser nothing has ended: `<script>`, a fence with `</script>` in
// it, and the value. There an active element never ends, nor does a quoted value that goes on to another line.
import { advance, compileKeywords, wordAt } from './keywords.ts'

const OPEN = 1 << 0 // `<`
const CLOSE = 1 << 1 // `</`
const NAME = 1 << 2
const BEFORE = 1 << 3 // before an attribute's name
const ATTRIBUTE = 1 << 4
const AFTER = 1 << 5 // after an attribute's name
const EQUALS = 1 << 6
const DOUBLE = 1 << 7
const SINGLE = 1 << 8
const UNQUOTED = 1 << 9
const QUOTED = 1 << 10 // after a quoted value
const SLASH = 1 << 11
const BANG = 1 << 12 // `<!`
const BANG_DASH = 1 << 13
const COMMENT = 1 << 14
const COMMENT_DASH = 1 << 15
const COMMENT_DASHES = 1 << 16
const DECLARATION = 1 << 17 // and bogus comments

// Elements whose content is run, fetched, sent or taken apart by other rules than text.
const ACTIVE = [
  ...['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes', 'noscript', 'plaintext'],
  ...['template', 'object', 'svg', 'math', 'form', 'select', 'option', 'button', 'head', 'frameset'],
]
const ELEMENTS = compileKeywords(ACTIVE)
const ADDRESS_ATTRIBUTES = compileKeywords(['href', 'src'])

/** The markup around the next character. */
export class MarkupScanner {
  /** Whether a tag, comment or declaration was ever begun. */
  seen = false
  #states = 0
  #element = 0
  #attribute = 0
  #isClosing = false
  #began = 0
  #isFreshValue = false
  readonly #open = new Map<string, number>()
  readonly #isMarkdown: boolean
  #isEndless = false
  // Only spaces and `>` so far on this line: in a quotation they are not part of the text.
  #isLinePrefix = true

  constructor(options: { isMarkdown: boolean }) {
    this.#isMarkdown = options.isMarkdown
  }

  /** In a tag, a comment or the content of an active element. A lone `<` is neither yet. */
  get isInside(): boolean {
    return (this.#states & ~OPEN) !== 0 || this.#isInElement
  }

  /** Nothing is open, not even a `<`. */
  get isOutside(): boolean {
    return this.#states === 0 && !this.#isInElement
  }

  /** Directly after a `<` that stands in text. */
  get isAtAutolink(): boolean {
    return this.#states === OPEN && !this.#isInElement
  }

  /** Directly after the opening quote of an `href` or `src`. */
  get isAtAddress(): boolean {
    return this.#isFreshValue && !this.#isInElement && (this.#states === DOUBLE || this.#states === SINGLE)
  }

  get #isInElement(): boolean {
    return this.#isEndless || this.#open.size > 0
  }

  step(code: number): void {
    if (this.#isMarkdown) code = this.#unquote(code)
    const states = this.#states
    if (states === 0 && code !== 0x3c) return
    this.#isFreshValue = false
    let next = 0
    if (code === 0x3c) {
      next = OPEN
      this.#began = states
    }
    const isSpace = code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b)
    if (states & (OPEN | CLOSE | NAME | BEFORE | ATTRIBUTE | AFTER)) next |= this.#names(states, code, isSpace)
    if (states & (EQUALS | DOUBLE | SINGLE | UNQUOTED | QUOTED)) next |= this.#values(states, code, isSpace)
    if (states & SLASH && code !== 0x3e) {
      next |= code === 0x2f ? SLASH : isSpace ? BEFORE : ATTRIBUTE
      this.#attribute = advance(ADDRESS_ATTRIBUTES, 0, code)
    }
    if (states >= BANG) next |= declarations(states, code)
    this.#states = next
    if ((next & ~OPEN) !== 0) this.seen = true
  }

  /** In a quotation the `>` that a line begins with ends no tag. */
  #unquote(code: number): number {
    if (code === 0x0a) this.#isLinePrefix = true
    else if (code !== 0x20 && code !== 0x09 && code !== 0x3e) this.#isLinePrefix = false
    return this.#isLinePrefix && code === 0x3e ? 0x20 : code
  }

  #names(states: number, code: number, isSpace: boolean): number {
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
    let next = 0
    if (states & OPEN) {
      if (isLetter) next |= this.#beginName(code, false)
      else if (code === 0x2f) next |= CLOSE
      else if (code === 0x21) next |= BANG
      else if (code === 0x3f) next |= DECLARATION
    }
    if (states & CLOSE && code !== 0x3e) next |= isLetter ? this.#beginName(code, true) : DECLARATION
    if (states & NAME) {
      const isEnd = isSpace || code === 0x2f || code === 0x3e
      if (isEnd) this.#endName()
      else if (!(states & (OPEN | CLOSE))) this.#element = advance(ELEMENTS, this.#element, code)
      next |= !isEnd ? NAME : isSpace ? BEFORE : code === 0x2f ? SLASH : 0
    }
    if (states & (BEFORE | AFTER | ATTRIBUTE) && code !== 0x3e) {
      if (code === 0x2f) next |= SLASH
      else if (isSpace) next |= (states & BEFORE ? BEFORE : 0) | (states & (AFTER | ATTRIBUTE) ? AFTER : 0)
      else if (code === 0x3d) next |= (states & BEFORE ? ATTRIBUTE : 0) | (states & (AFTER | ATTRIBUTE) ? EQUALS : 0)
      else {
        next |= ATTRIBUTE
        this.#attribute = advance(ADDRESS_ATTRIBUTES, states & ATTRIBUTE ? this.#attribute : 0, code)
      }
    }
    return next
  }

  #values(states: number, code: number, isSpace: boolean): number {
    let next = 0
    if (states & EQUALS && code !== 0x3e) {
      next |= isSpace ? EQUALS : code === 0x22 ? DOUBLE : code === 0x27 ? SINGLE : UNQUOTED
      this.#isFreshValue = states === EQUALS && wordAt(ADDRESS_ATTRIBUTES, this.#attribute) !== undefined
    }
    if (states & (DOUBLE | SINGLE) && code === 0x0a && this.#isMarkdown) this.#isEndless = true
    if (states & DOUBLE) next |= code === 0x22 ? QUOTED : DOUBLE
    if (states & SINGLE) next |= code === 0x27 ? QUOTED : SINGLE
    if (states & UNQUOTED && code !== 0x3e) next |= isSpace ? BEFORE : UNQUOTED
    if (states & QUOTED && code !== 0x3e) {
      next |= isSpace ? BEFORE : code === 0x2f ? SLASH : ATTRIBUTE
      this.#attribute = advance(ADDRESS_ATTRIBUTES, 0, code)
    }
    return next
  }

  #beginName(code: number, isClosing: boolean): number {
    this.#element = advance(ELEMENTS, 0, code)
    this.#isClosing = isClosing
    return NAME
  }

  /**
   * Counts active elements. An end tag counts only where nothing else was open, because an end tag in an attribute or
   * a comment ends nothing; and as many ends as beginnings are asked for, because `<!--<script>` inside of a script
   * swallows the next `</script>`.
   */
  #endName(): void {
    const element = wordAt(ELEMENTS, this.#element)
    this.#element = -1
    if (element === undefined) return
    const count = this.#open.get(element) ?? 0
    if (!this.#isClosing) this.#open.set(element, count + 1)
    else if (this.#isMarkdown || this.#began !== 0 || element === 'plaintext') return
    else if (count > 1) this.#open.set(element, count - 1)
    else this.#open.delete(element)
  }
}

function declarations(states: number, code: number): number {
  const isEnd = code === 0x3e
  const isDash = code === 0x2d
  let next = 0
  if (states & BANG && !isEnd) next |= isDash ? BANG_DASH : DECLARATION
  if (states & BANG_DASH && !isEnd) next |= isDash ? COMMENT : DECLARATION
  if (states & COMMENT) next |= isDash ? COMMENT_DASH : COMMENT
  if (states & COMMENT_DASH) next |= isDash ? COMMENT_DASHES : COMMENT
  if (states & COMMENT_DASHES && !isEnd) next |= isDash ? COMMENT_DASHES : COMMENT
  if (states & DECLARATION && !isEnd) next |= DECLARATION
  return next
}
