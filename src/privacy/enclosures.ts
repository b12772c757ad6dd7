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
      } else if ((char === '"' || char === "'") && isAfterEquals(enclosure.content)) enclosure.quote = char
      return char === '>' && enclosure.quote === ''
  }
}

/** Whether the quote at the end follows an attribute's name and `=`, and is not within a value that has no quotes. */
function isAfterEquals(content: string): boolean {
  const before = content.slice(-128, -1).trimEnd()
  if (!before.endsWith('=')) return false
  const name = /[\s"'=>][^\s"'=>]*$/.exec(before.slice(0, -1).trimEnd())
  return name === null || !/^[=>]/.test(name[0])
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
