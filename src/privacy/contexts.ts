// Says what text would become if it stood at this point of a streamed answer: plain text, or part of something that a
// program renders, opens or fetches. Constant memory, any chunking, linear time.
//
// The scanners run side by side and each may object. When they are unsure they object: the price is a placeholder that
// stays visible, and the price of the other mistake is EchoLeak (CVE-2025-32711: a reference-style image whose address
// carried what the assistant had read).
import { AddressScanner } from './addresses.ts'
import { FenceScanner } from './fences.ts'
import type { HostList } from './hosts.ts'
import { MarkdownScanner } from './markdown.ts'
import { MarkupScanner } from './markup.ts'

/**
 * Where text would stand. `plain`: read by a person or a tool as text. `listed`: in the path or query of an address
 * whose host policy lists. The others name what it would become part of.
 */
export type Place = 'plain' | 'listed' | 'address' | 'link' | 'html'

/** Follows one text from its beginning. */
export interface ContextTracker {
  /** Moves on over text that goes out, from `start` to `end` (default: all of it). */
  push(text: string, start?: number, end?: number): void
  /** The place that this value would have. */
  place(value: string): Place
  /** What follows is another text that nobody renders together with this one (another string of a JSON document). */
  restart(): void
  /** Whether any text so far held something that could be a host, and is not known to be listed. */
  readonly sawUnlisted: boolean
}

/** @param options.isMarkdown whether the text is rendered as Markdown, so that code in fences is not */
export function createContextTracker(isListed: HostList, options: { isMarkdown: boolean }): ContextTracker {
  const address = new AddressScanner(isListed)
  let markup = new MarkupScanner(options)
  let markdown = new MarkdownScanner()
  let fence = new FenceScanner()
  // Whether an address on a listed host may stand where the current word began.
  let mayAddress = true

  function isPlain(): boolean {
    return markup.isOutside && !markdown.isInside
  }

  /** Positions from which an address is understood whole: text, `](`, `<` and the quote of `href="` and `src="`. */
  function isAddressPosition(): boolean {
    if (fence.isInside || isPlain()) return true
    if (markdown.isAtDestination) return markup.isOutside
    return !markdown.isInside && (markup.isAtAutolink || markup.isAtAddress)
  }

  function step(code: number): void {
    // The fence first: the character that ends it is itself text again.
    if (options.isMarkdown) fence.step(code, isPlain() && !markup.seen && !markdown.isInBrackets)
    if (!fence.isInside) {
      markup.step(code)
      markdown.step(code)
    }
    address.step(code)
    if (address.isAtStart) mayAddress = isAddressPosition()
  }

  function push(text: string, start = 0, end = text.length): void {
    for (let at = start; at < end; at++) step(text.charCodeAt(at))
  }

  return {
    push,
    place(value) {
      if (address.isInside) return address.isAllowed && mayAddress ? 'listed' : 'address'
      if (fence.isInside) return 'plain'
      // `Anna <anna@example.com>` is text; with any other value behind it, `<` begins a tag, or an address with the value
      // for its scheme.
      if (markup.isInside || (markup.isAtAutolink && !value.includes('@'))) return 'html'
      return markdown.isInside ? 'link' : 'plain'
    },
    restart() {
      address.finish()
      markup = new MarkupScanner(options)
      markdown = new MarkdownScanner()
      fence = new FenceScanner()
      mayAddress = true
    },
    get sawUnlisted() {
      return address.sawUnlisted
    },
  }
}
