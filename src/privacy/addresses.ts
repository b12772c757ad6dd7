// Finds out, a character at a time, whether text stands inside something that a program could take for an address to
// open: a URL with a scheme, `//host`, `www.`, a bare domain with a path, `mailto:` and its like.
//
// An address reaches from where it begins to the next ASCII white space, because that is what the crudest program
// takes (`https?://\S+`); that finer ones stop at a quote or a bracket does not help the value that a crude one sends.
import { DomainScanner, isDotLike } from './domains.ts'
import type { HostList } from './hosts.ts'
import { advance, compileKeywords, wordAt } from './keywords.ts'

// With `:` behind them, these open something even without `//`. (`tel:` is missing on purpose: "Tel:" before a phone
// number is plain prose, and a call to a number says nothing else.)
const SCHEMES = compileKeywords([
  ...['http', 'https', 'ftp', 'ws', 'wss', 'javascript', 'vbscript', 'data', 'blob', 'mailto', 'sms', 'smsto', 'mms'],
  ...['intent', 'market', 'facetime', 'callto', 'skype', 'sip', 'xmpp', 'msteams', 'slack', 'vscode', 'cid', 'jar'],
  'www', // with a dot behind it
])

// Names of character references that can spell the punctuation of an address.
const REFERENCES = compileKeywords([
  ...['colon', 'sol', 'bsol', 'period', 'commat', 'quest', 'num', 'percnt', 'equals', 'tab', 'newline'],
  ...['lpar', 'rpar', 'lsqb', 'rsqb', 'lbrack', 'rbrack', 'excl'],
])

const NONE = 0
const UNKNOWN = 1 // an address of which nothing more is asked: nothing may be restored in it
const SLASHES = 2 // `https:`, and the `//` must follow
const AUTHORITY = 3
const PATH = 4 // path or query, behind a host that is listed

const LONGEST_AUTHORITY = 253 + ':65535'.length
const SPACE = 0x20
const SLASH = 0x2f
const BACKSLASH = 0x5c

/** The address around the next character. */
export class AddressScanner {
  /** Whether anything was seen so far that could be a host, and is not known to be listed. */
  sawUnlisted = false

  readonly #isListed: HostList
  readonly #domain = new DomainScanner()
  #phase = NONE
  #previous = 0
  #beforePrevious = 0
  #isWordStart = true
  #word = 0
  #reference = -1
  #scheme = ''
  #authority = ''
  #escape = -1 // hexadecimal digits of a percent-encoding still to come, -1 for none
  #escaped = 0

  constructor(isListed: HostList) {
    this.#isListed = isListed
  }

  /** In an address, listed or not. */
  get isInside(): boolean {
    return this.#phase !== NONE
  }

  /** In the path or query of an address whose host is listed and complete, with nothing doubtful since. */
  get isAllowed(): boolean {
    return this.#phase === PATH && this.#escape < 0
  }

  /** Outside, and where a scheme could begin. */
  get isAtStart(): boolean {
    return this.#phase === NONE && this.#isWordStart
  }

  step(code: number): void {
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b)) this.finish()
    else if (this.#phase === NONE) this.#seek(code)
    else if (this.#phase !== UNKNOWN) this.#follow(code)
  }

  /** The word ends here: white space follows, or another text. */
  finish(): void {
    if (this.#phase === NONE && this.#previous === 0) return
    if (this.#phase === SLASHES || (this.#phase === AUTHORITY && !this.#endAuthority())) this.#begin()
    else if (this.#phase === NONE && this.#domain.mark(SPACE) === 'domain') this.sawUnlisted = true
    this.#phase = NONE
    this.#previous = 0
    this.#beforePrevious = 0
    this.#isWordStart = true
    this.#reference = -1
    this.#domain.reset()
  }

  #seek(code: number): void {
    if (code > 0x7f && isInvisible(code)) return
    if (isAlphanumeric(code)) {
      if (this.#isWordStart) this.#word = 0
      this.#isWordStart = false
      if (this.#word >= 0) this.#word = advance(SCHEMES, this.#word, code)
      if (this.#reference >= 0) this.#reference = advance(REFERENCES, this.#reference, code)
      this.#domain.letter(code)
    } else {
      const isStart = this.#isStart(code)
      this.#isWordStart = true
      this.#reference = code === 0x26 ? 0 : -1
      if (isStart) this.#begin()
    }
    this.#beforePrevious = this.#previous
    this.#previous = code
  }

  /** Whether this character, which is no letter or digit, makes an address of what stands before it. */
  #isStart(code: number): boolean {
    const word = this.#isWordStart ? undefined : wordAt(SCHEMES, this.#word)
    if (code === 0x3a && (word === 'https' || word === 'http')) {
      this.#scheme = word
      this.#authority = ''
      this.#phase = SLASHES
      return false
    }
    if (code > 0x7f && !isDotLike(code)) this.#domain.letter(code)
    else {
      const found = this.#domain.mark(code)
      if (found === 'address') return true
      if (found === 'domain') this.sawUnlisted = true
    }
    if (code === 0x3a) return word !== undefined && word !== 'www'
    if (code === 0x2e) return word === 'www'
    if (code === 0x3b) return wordAt(REFERENCES, this.#reference) !== undefined
    if (code === 0x23) return this.#previous === 0x26
    if (code === SLASH) return this.#previous === SLASH || this.#previous === BACKSLASH
    // `\\host\share`, but not `C:\\Users` and not an escape within a word.
    const isPath = isAlphanumeric(this.#beforePrevious) || this.#beforePrevious === 0x3a
    return code === BACKSLASH && (this.#previous === SLASH || (this.#previous === BACKSLASH && !isPath))
  }

  #follow(code: number): void {
    const isExpected =
      this.#phase === SLASHES
        ? code === SLASH
        : this.#phase === AUTHORITY
          ? this.#followAuthority(code)
          : this.#followPath(code)
    if (!isExpected) this.#begin()
    else if (this.#phase === SLASHES && this.#previous === SLASH) this.#phase = AUTHORITY
    this.#previous = code
  }

  #followAuthority(code: number): boolean {
    if (code === SLASH || code === 0x3f) return this.#endAuthority()
    if (this.#authority.length === LONGEST_AUTHORITY || !isHostMark(code)) return false
    this.#authority += String.fromCharCode(code)
    return true
  }

  /**
   * An address on a listed host stays allowed while nothing in it could lead elsewhere: no second `//` or scheme (an
   * open redirect), in no encoding, and no punctuation at which a finer program would end this address and begin
   * another one.
   */
  #followPath(code: number): boolean {
    if (this.#escape >= 0) return this.#followEscape(hexDigit(code))
    if (code === 0x25) {
      this.#escape = 2
      this.#escaped = 0
      return true
    }
    return isPathMark(code) && !(code === SLASH && this.#previous === SLASH)
  }

  #followEscape(digit: number): boolean {
    this.#escaped = this.#escaped * 16 + digit
    this.#escape--
    if (digit < 0 || this.#escape > 0) return digit >= 0
    this.#escape = -1
    const isStructure = this.#escaped === 0x25 || this.#escaped === SLASH || this.#escaped === 0x3a
    return !isStructure && this.#escaped !== BACKSLASH && this.#escaped >= 0x20
  }

  /** @returns whether the host is listed */
  #endAuthority(): boolean {
    if (!this.#isListed(this.#scheme, this.#authority)) return false
    this.#phase = PATH
    this.#escape = -1
    return true
  }

  #begin(): void {
    this.#phase = UNKNOWN
    this.sawUnlisted = true
  }
}

export function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
}

function isHostMark(code: number): boolean {
  return isAlphanumeric(code) || code === 0x2e || code === 0x2d || code === 0x3a
}

// Letters, digits and / ? & = . _ ~ + , -
function isPathMark(code: number): boolean {
  if (isAlphanumeric(code) || (code >= 0x2b && code <= SLASH)) return true
  return code === 0x3f || code === 0x26 || code === 0x3d || code === 0x5f || code === 0x7e
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

// Characters that some program drops before it looks for an address.
function isInvisible(code: number): boolean {
  return (
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff
  )
}
