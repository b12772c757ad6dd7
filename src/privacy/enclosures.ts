// Follows the Markdown links and HTML tags of a text that goes out, one at a time, for the sink check.

export type EnclosureKind = 'link' | 'definition' | 'tag' | 'comment'

/** A link destination, a reference definition or a tag that has begun. */
export interface Enclosure {
  readonly kind: EnclosureKind
  /** Position in the whole text at which its content begins. */
  readonly start: number
  /** The content so far, without what opened it. */
  content: string
  depth: number
  quote: string
}

const OPENER = /[(:a-z!/?]/i
// An attribute's name, `=` and a quote; not a quote within a value that has none around it.
const QUOTED_VALUE = /(?:^|[\s"'])[^\s"'=>]*\s*=\s*["']$/
const BLANK_LINE = /\n[ \t\r]*\n$/

/** The enclosure that a character opens together with the one before it. */
export function openEnclosure(previous: string, char: string, at: number): Enclosure | undefined {
  if ((previous !== ']' && previous !== '<') || !OPENER.test(char)) return undefined
  const start = at + 1
  if (previous === ']') {
    if (char === '(') return { kind: 'link', start, content: '', depth: 1, quote: '' }
    return char === ':' ? { kind: 'definition', start, content: '', depth: 0, quote: '' } : undefined
  }
  if (char === '(' || char === ':') return undefined
  return { kind: char === '!' ? 'comment' : 'tag', start: at, content: char, depth: 0, quote: '' }
}

/** Takes the next character. @returns whether the enclosure ends with it */
export function growEnclosure(enclosure: Enclosure, char: string): boolean {
  enclosure.content += char
  switch (enclosure.kind) {
    case 'link':
      if (char === '(') enclosure.depth++
      else if (char === ')') enclosure.depth--
      return enclosure.depth === 0 || (char === '\n' && BLANK_LINE.test(enclosure.content))
    case 'definition':
      return /[ \t\r\n]/.test(char) && enclosure.content.trim() !== ''
    case 'comment':
      return char === '>' && (!enclosure.content.startsWith('!--') || enclosure.content.endsWith('-->'))
    case 'tag':
      if (enclosure.quote !== '') {
        if (char === enclosure.quote) enclosure.quote = ''
      } else if ((char === '"' || char === "'") && QUOTED_VALUE.test(enclosure.content.slice(-128)))
        enclosure.quote = char
      return char === '>' && enclosure.quote === ''
  }
}

/** The addresses in it: the destination of a link, the values of a tag's attributes. */
export function addressesIn({ kind, content }: Enclosure): string[] {
  if (kind === 'link' || kind === 'definition') {
    const inner = content.trim().replace(/^</, '')
    return [inner.replace(/\)$/, '')]
  }
  const values = Array.from(content.matchAll(/=\s*(?:"([^"]*)|'([^']*)|([^\s"'>][^\s>]*))/g), (match) => {
    return match[1] ?? match[2] ?? match[3] ?? ''
  })
  // `srcset`, `style`, `content="0;url=…"` and event handlers hold addresses further inside.
  const inner = values.flatMap((value) => value.split(/[\s,;()'"=]+/).slice(1))
  return [...values, ...inner.filter((part) => /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}/i.test(part))]
}
