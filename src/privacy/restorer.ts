// Puts protected values back into a streamed answer, where a person or a tool reads them as text and nowhere else.
import { createContextTracker } from './contexts.ts'
import { createHostList } from './hosts.ts'
import { createJsonRestorer } from './jsonrestorer.ts'
import { createMatcher, type PlaceholderMatcher } from './matcher.ts'
import { NOTHING, RestoredOutput, type Restorer } from './output.ts'
import { findPlaceholders, LONGEST_PLACEHOLDER } from './placeholders.ts'

export interface RestorerOptions {
  /**
   * The value behind each placeholder of this exchange's request. No other placeholder is ever resolved, so one that a
   * model guesses, or that a document of another conversation planted, stays what it is. Must not change any more.
   */
  readonly values: ReadonlyMap<string, string>
  /** `text`: Markdown for a person. `json`: a JSON document in pieces, such as the arguments of a tool call. */
  readonly contentType: 'text' | 'json'
  /** Hosts to which values may go inside a URL: `host`, `*.host`, with `:port` where it is not the scheme's own. */
  readonly allowedHosts: readonly string[]
  /** Whether the text is for a tool that reaches the outside world (see `isOutwardTool`). */
  readonly outward: boolean
}

/**
 * Never restores inside a link, an image, HTML or an address, unless the address is on a listed host that is already
 * complete; there the value is percent-encoded. For an outward tool, restores nowhere else but in such an address, and
 * not once another host was named: a listed host in one argument says nothing about where the others go. In JSON, restores in strings and escapes the value for them.
 *
 * With no values this returns each delta as it is.
 */
export function createRestorer(options: RestorerOptions): Restorer {
  if (options.values.size === 0) return PASS_THROUGH
  const tracker = createContextTracker(createHostList(options.allowedHosts), {
    isMarkdown: options.contentType === 'text',
  })
  const output = new RestoredOutput(tracker, options.outward)
  const matcher = createMatcher(options.values)
  return options.contentType === 'json' ? createJsonRestorer(matcher, output) : createTextRestorer(matcher, output)
}

const PASS_THROUGH: Restorer = {
  push: (delta) => ({ text: delta, restored: NOTHING, refused: NOTHING }),
  end: () => ({ text: '', restored: NOTHING, refused: NOTHING }),
}

function createTextRestorer(matcher: PlaceholderMatcher, output: RestoredOutput): Restorer {
  let held = ''

  function write(text: string, start: number, end: number): void {
    if (start === end) return
    output.write(text.slice(start, end))
    output.tracker.push(text, start, end)
  }

  return {
    push(delta) {
      const text = held + delta
      // A placeholder holds no second `[`, so only the last one can begin an unfinished placeholder.
      const last = text.lastIndexOf('[')
      const isUnfinished =
        last >= 0 && text.length - last < LONGEST_PLACEHOLDER && matcher.isBeginning(text.slice(last))
      const end = isUnfinished ? last : text.length
      let written = 0
      for (const found of findPlaceholders(text)) {
        const value = matcher.value(found.placeholder)
        if (value === undefined) continue
        write(text, written, found.start)
        output.writePlaceholder(found.placeholder, value, found.placeholder, asText)
        written = found.end
      }
      write(text, written, end)
      held = text.slice(end)
      return output.take()
    },
    end() {
      write(held, 0, held.length)
      held = ''
      return output.take()
    },
  }
}

function asText(value: string): string {
  return value
}
