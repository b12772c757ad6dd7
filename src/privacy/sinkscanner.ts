// Looks at finished text for protected values in addresses, links and HTML. It holds text back while it is inside of
// such a place, and never more than a bounded piece of it.
import { createResolver, type Destination, type Resolver } from './destinations.ts'
import { addressesIn, type Enclosure, growEnclosure, openEnclosure } from './enclosures.ts'
import { createNeedles, type Needles, viewsOf } from './needles.ts'

/** Why an answer must not go on. Says where to, and not what. */
export interface SinkVerdict {
  readonly blocked: true
  readonly reason: 'address' | 'link' | 'html' | 'outward'
  /** The host to which a value would have gone, where one can be read. */
  readonly host: string | undefined
}

/** How much of a word or an enclosure is looked at as a whole, in characters. */
const WHOLE = 2_048
/** How far back an address may begin that the end of a word completes: a domain (RFC 1035) and a scheme. */
const CONTEXT = 300
/** How much of an outward-facing tool's arguments is searched for values at once. */
const WATCHED = 1_024

// Where an address begins within a word. (`C:\\Users` is none.)
const ADDRESS =
  /(?:(?<![a-z0-9])[a-z][a-z0-9]{0,30}:)?(?:\/[/\\]|\\\/)|(?<![\w:])\\\\|(?<![a-z0-9])(?:https?|ftp|javascript|vbscript|data|mailto|sms):|(?<bare>(?<![a-z0-9])www\.|(?<![\p{L}\p{N}_./@%-])(?:[\p{L}\p{N}-]{1,63}\.){1,10}\p{L}{2,24}(?::\d{1,5})?[/?#])/giu
// The same, and what could turn out to be one when it is decoded.
const SUSPICIOUS = new RegExp(`${ADDRESS.source}|&[#a-z]|%[0-9a-f]`, 'iu')
// What an outward-facing tool may be given values in, where the host is listed. Any other character ends it.
const PLAIN_URL = /https?:\/\/[\w.-]+(?::\d+)?[/?][\w/?&=.~+,%-]*/gi
const PLAIN_PATH = /^[\w/?&=.~+,%-]*/
// No address begins, and no value becomes a host name, without one of these.
const PUNCTUATION = /[/\\:.?#&%@]/
// A value with this behind it is a host name: `[value].evil.example`.
const AS_SUBDOMAIN =
  /^[\w-]{0,63}(?:(?:\.[\w-]{1,63}){0,8}\.([a-z]{2,24})(?::\d{1,5})?[/?#]\S|(?:\.[\w-]{1,63}){1,8}\.([a-z]{2,24}))/i
// A value with this behind it is, or ends, the name of a mailbox or of an account: `[value]@evil.example`.
const AS_MAILBOX =
  /^[\w.+%~=-]{0,64}@((?:[\p{L}\p{N}_-]{1,63}\.){1,8}(?:\p{L}{2,24}|xn--[\w-]{1,59})|\d{1,3}(?:\.\d{1,3}){3})/u
const FILE_ENDINGS = new Set('gz bz xz zst js jsx ts tsx json map css html md txt'.split(' '))

export interface SinkScannerOptions {
  readonly values: Iterable<string>
  readonly allowedHosts: readonly string[]
  readonly outward: boolean
}

/** Scans one text; positions count the characters that were fed. */
export class SinkScanner {
  verdict: SinkVerdict | undefined
  readonly #needles: Needles
  readonly #resolve: Resolver
  readonly #isOutward: boolean
  #at = 0
  #previous = ''
  // The word so far, or its last part; whether it is suspicious, and since where; an unlisted address that began
  // before what is kept of it, or a listed one.
  #word = ''
  #suspiciousAt = Number.POSITIVE_INFINITY
  #wordDestination: Destination | undefined
  #isBehindListed = false
  #enclosure: Enclosure | undefined
  #enclosureDestination: Destination | undefined
  // For outward-facing tools: what stands outside of listed addresses and is not searched yet; since where text waits
  // for that; whether a listed address goes on here; whether one held a value; an unlisted one seen anywhere.
  #outside = ''
  #unwatchedFrom = 0
  #isInListedUrl = false
  #isCarried = false
  #unlisted: Destination | undefined

  constructor(options: SinkScannerOptions) {
    this.#needles = createNeedles(options.values)
    this.#resolve = createResolver(options.allowedHosts)
    this.#isOutward = options.outward
  }

  /** The position from which text must not go out yet. */
  get holdFrom(): number {
    const wordFrom = this.#suspiciousAt
    const enclosureFrom = this.#enclosure?.start ?? Number.POSITIVE_INFINITY
    if (this.#isOutward) return this.#unwatchedFrom
    return Math.max(Math.min(wordFrom, enclosureFrom), this.#at - WHOLE - this.#needles.longest)
  }

  feed(text: string): void {
    for (const [piece] of text.matchAll(/[ \t\n\r\f]+|[^ \t\n\r\f]+/g)) {
      if (this.verdict) return
      const isSpace = /^[ \t\n\r\f]/.test(piece)
      if (isSpace) this.#space(piece)
      else this.#grow(piece)
      const mayEnclose = /[<\]]/.test(piece) || this.#previous === ']' || this.#previous === '<'
      if (this.#enclosure || mayEnclose) this.#enclose(piece)
      this.#previous = piece.charAt(piece.length - 1)
      this.#at += piece.length
    }
  }

  /** The text ends, or what follows is another one. */
  boundary(): void {
    if (this.#enclosure) this.#closeEnclosure()
    this.#endWord()
    this.#previous = ''
    if (!this.#isOutward) return
    this.#watch()
    this.#outside = ''
    this.#unwatchedFrom = this.#at
  }

  #block(reason: SinkVerdict['reason'], destination: Destination | undefined): void {
    this.verdict ??= { blocked: true, reason, host: destination?.host }
  }

  #grow(piece: string): void {
    const known = this.#word.length
    const hasNews = PUNCTUATION.test(this.#word.slice(-1) + piece)
    this.#word += piece
    if (hasNews && this.#suspiciousAt === Number.POSITIVE_INFINITY) {
      const from = Math.max(0, known - CONTEXT - this.#needles.longest)
      const found = this.#suspicion(this.#word.slice(from))
      if (found !== undefined) this.#suspiciousAt = this.#at - known + from + found
    }
    if (this.#word.length > WHOLE) this.#shortenWord()
  }

  /** Where in a word something begins that must be seen to its end: an address, or what makes a value a host name. */
  #suspicion(word: string): number | undefined {
    const address = word.search(SUSPICIOUS)
    if (address >= 0) return address
    if (!/[.@]/.test(word)) return undefined
    const isNamePart = (end: number) => /^(?:[\w-]{0,63}\.[\w-]|[\w.+%~=-]{0,64}@)/.test(word.slice(end, end + CONTEXT))
    return this.#needles.placesIn(word).find(({ end }) => isNamePart(end))?.end
  }

  /** One by one, since a run of white space may arrive in pieces. */
  #space(piece: string): void {
    for (const space of piece) {
      if (this.#suspiciousAt !== Number.POSITIVE_INFINITY && this.#needles.isCutAtSpace(this.#word)) this.#word += space
      else {
        this.#endWord()
        if (this.#isOutward) this.#outside += space
      }
    }
  }

  #endWord(): void {
    this.#checkWord()
    if (this.#isOutward) this.#weigh(this.#word)
    this.#isInListedUrl = false
    this.#word = ''
    this.#suspiciousAt = Number.POSITIVE_INFINITY
    this.#wordDestination = undefined
    this.#isBehindListed = false
    if (this.#outside.length > WATCHED) this.#watch()
  }

  /** Checks what there is of an endless word, and keeps as much of it as can still matter. */
  #shortenWord(): void {
    this.#checkWord()
    if (this.#suspiciousAt !== Number.POSITIVE_INFINITY) {
      this.#wordDestination ??= this.#unlistedIn(this.#word)?.destination
      this.#isBehindListed ||= this.#word.search(ADDRESS) >= 0
    }
    if (this.#isOutward) this.#isInListedUrl = this.#weigh(this.#word)
    this.#word = this.#word.slice(-Math.max(CONTEXT, this.#needles.longest))
    if (this.#outside.length > WATCHED) this.#watch()
  }

  #checkWord(): void {
    if (this.#suspiciousAt === Number.POSITIVE_INFINITY) return
    if (this.#wordDestination) {
      if (this.#needles.isIn(this.#word)) this.#block('address', this.#wordDestination)
      return
    }
    for (const view of viewsOf(this.#word)) {
      const found = this.#unlistedIn(view)
      if (found) this.#unlisted ??= found.destination
      if (found && this.#needles.isIn(view.slice(found.end))) this.#block('address', found.destination)
      const asMailbox = this.#mailboxIn(view)
      if (asMailbox) this.#block('address', asMailbox)
    }
    const asSubdomain = this.#subdomainIn(this.#word)
    if (asSubdomain) this.#block('address', asSubdomain)
  }

  /** The host name that a value becomes part of by what stands behind it. */
  #subdomainIn(word: string): Destination | undefined {
    for (const { end } of this.#needles.placesIn(word)) {
      const match = AS_SUBDOMAIN.exec(word.slice(end, end + CONTEXT))
      if (!match || FILE_ENDINGS.has((match[1] ?? match[2] ?? '').toLowerCase())) continue
      const name = match[0].slice(match[0].indexOf('.') + 1)
      return { host: name.split(/[:/?#]/, 1)[0], isListed: false }
    }
    return undefined
  }

  /** The host at which a value becomes a mailbox; not where the `@` is part of a value. */
  #mailboxIn(word: string): Destination | undefined {
    if (!word.includes('@')) return undefined
    const places = this.#needles.placesIn(word)
    for (const { end } of places) {
      const match = AS_MAILBOX.exec(word.slice(end, end + CONTEXT))
      if (!match) continue
      const at = end + match[0].indexOf('@')
      const isValue = places.some((place) => place.start <= at && at < place.end)
      const destination = this.#resolve(`https://${match[1]}/`)
      if (!isValue && destination && !destination.isListed) return destination
    }
    return undefined
  }

  /**
   * The first address of a word that does not lead to a listed host, and where its beginning ends: a value before that
   * names a host itself, and is sent nowhere. Bare domains behind a listed address are part of its path.
   */
  #unlistedIn(word: string): { end: number; destination: Destination } | undefined {
    let isBehindListed = this.#isBehindListed
    for (const match of word.matchAll(ADDRESS)) {
      const isBare = match.groups?.bare !== undefined
      if (isBare && isBehindListed) continue
      const destination = this.#resolve((isBare ? 'https://' : '') + word.slice(match.index))
      if (destination && !destination.isListed) return { end: match.index + match[0].length, destination }
      isBehindListed = true
    }
    return undefined
  }

  #enclose(piece: string): void {
    let previous = this.#previous
    for (let index = 0; index < piece.length; index++) {
      const char = piece.charAt(index)
      if (!this.#enclosure) this.#enclosure = openEnclosure(previous, char, this.#at + index)
      else if (growEnclosure(this.#enclosure, char)) this.#closeEnclosure()
      else if (this.#enclosure.content.length > WHOLE) this.#shortenEnclosure(this.#enclosure)
      previous = char
    }
  }

  #closeEnclosure(): void {
    if (this.#enclosure) this.#checkEnclosure(this.#enclosure)
    this.#enclosure = undefined
    this.#enclosureDestination = undefined
  }

  /** Checks what there is of an endless enclosure. One that leads nowhere by now is none. */
  #shortenEnclosure(enclosure: Enclosure): void {
    this.#checkEnclosure(enclosure)
    this.#enclosureDestination ??= this.#leaves(enclosure)
    if (!this.#enclosureDestination || (enclosure.kind === 'tag' && enclosure.quote === '')) this.#closeEnclosure()
    else enclosure.content = enclosure.content.slice(-Math.max(CONTEXT, this.#needles.longest))
  }

  #checkEnclosure(enclosure: Enclosure): void {
    const destination = this.#enclosureDestination ?? this.#leaves(enclosure)
    if (!destination) return
    this.#unlisted ??= destination
    const isMarkup = enclosure.kind === 'tag' || enclosure.kind === 'comment'
    if (this.#needles.isIn(enclosure.content)) this.#block(isMarkup ? 'html' : 'link', destination)
  }

  /** Where an enclosure leads that is not listed. */
  #leaves(enclosure: Enclosure): Destination | undefined {
    for (const address of addressesIn(enclosure)) {
      for (const view of viewsOf(address)) {
        const destination = this.#resolve(view)
        if (destination && !destination.isListed) return destination
      }
    }
    return undefined
  }

  /**
   * Sorts a word of an outward-facing tool's arguments into addresses on listed hosts and the rest.
   *
   * @returns whether such an address reaches to the end of the word
   */
  #weigh(word: string): boolean {
    const listed: string[] = this.#isInListedUrl ? [PLAIN_PATH.exec(word)?.[0] ?? ''] : []
    const rest = word.slice(listed[0]?.length ?? 0).replace(PLAIN_URL, (url) => {
      if (!this.#resolve(url)?.isListed) return url
      listed.push(url)
      return ' '
    })
    this.#outside += rest
    if (listed.length === 0) return false
    const isCarried = listed.some((url) => this.#needles.isIn(url))
    this.#isCarried ||= isCarried
    // One that only begins in the address.
    if (!isCarried && this.#needles.isIn(word)) this.#block('outward', this.#unlisted)
    return word.endsWith(listed.at(-1) ?? '')
  }

  /** Searches what an outward-facing tool is given outside of listed addresses; only what was searched goes out. */
  #watch(): void {
    const isFound = this.#needles.isIn(this.#outside)
    if (isFound || (this.#isCarried && this.#unlisted)) this.#block('outward', this.#unlisted)
    // A value may have begun, here or in the word that is not complete.
    this.#outside = this.#outside.slice(-this.#needles.longest)
    this.#unwatchedFrom = Math.max(0, this.#at - WHOLE - this.#needles.longest)
  }
}
