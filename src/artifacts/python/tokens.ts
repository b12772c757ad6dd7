// Python's lexical analysis (Language Reference, chapter 2; PEP 701 for formatted strings, PEP 3131 for names): tolerant,
// because what does not compile does not run, but never losing a token of what does.

export interface Token {
  readonly type: 'name' | 'number' | 'text' | 'operator' | 'newline' | 'indent' | 'dedent' | 'end'
  /** Of a name in NFKC, as Python compares it; of a text its value. */
  readonly text: string
  readonly offset: number
  readonly isBytes?: boolean
  /** The source of the expressions in a formatted string. */
  readonly fields?: readonly string[]
}

const operator = /->|:=|\*\*=?|\/\/=?|>>=?|<<=?|\.\.\.|[-+*/%&|^@=!<>]=|[-+*/%&|^@=<>~()[\]{},:.;!`?$\\]/y
const number =
  /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d[\d_]*)?)[jJlL]?/y
const name = /[_\p{ID_Start}][\p{ID_Continue}]*/uy
const prefix = /(?:[rR][bBfFtT]?|[bBfFtT][rR]?|[uU])?(?:"""|'''|"|')/y

/** @param source  with line feeds alone between lines */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  const indents = [0]
  let at = 0
  let brackets = 0
  let isLineStart = true
  const push = (type: Token['type'], text: string, offset: number, more?: Partial<Token>) =>
    tokens.push({ type, text, offset, ...more })
  while (at < source.length) {
    if (isLineStart && brackets === 0) {
      const width = indentation()
      const sign = source[at]
      if (sign === '\n' || sign === '#' || sign === undefined) {
        skipLine()
        continue
      }
      indent(width)
      isLineStart = false
    }
    const code = source.charCodeAt(at)
    if (code === 0x20 || code === 0x09 || code === 0x0c) at++
    else if (code === 0x0a) {
      if (brackets === 0) {
        push('newline', '\n', at)
        isLineStart = true
      }
      at++
    } else if (code === 0x23) at = endOfLine(at)
    else if (code === 0x5c && source[at + 1] === '\n') at += 2
    else if (!text() && !word() && !digits()) sign()
  }
  push('newline', '\n', at)
  while (indents.length > 1) {
    indents.pop()
    push('dedent', '', at)
  }
  push('end', '', at)
  return tokens

  /** Tabs go on to the next multiple of eight; a form feed starts counting anew. */
  function indentation(): number {
    let width = 0
    for (; at < source.length; at++) {
      const sign = source[at]
      if (sign === ' ') width++
      else if (sign === '\t') width = (Math.floor(width / 8) + 1) * 8
      else if (sign === '\f') width = 0
      else break
    }
    return width
  }

  function indent(width: number): void {
    const last = () => indents.at(-1) ?? 0
    if (width > last()) {
      indents.push(width)
      push('indent', '', at)
    }
    while (width < last()) {
      indents.pop()
      push('dedent', '', at)
    }
  }

  function skipLine(): void {
    at = endOfLine(at) + 1
  }

  function endOfLine(from: number): number {
    const end = source.indexOf('\n', from)
    return end < 0 ? source.length : end
  }

  function text(): boolean {
    prefix.lastIndex = at
    const begin = prefix.exec(source)?.[0]
    if (begin === undefined) return false
    const offset = at
    const quote = begin.replace(/^[a-zA-Z]+/, '')
    const kinds = begin.slice(0, begin.length - quote.length).toLowerCase()
    at += begin.length
    const isFormatted = /[ft]/.test(kinds)
    const fields: string[] = []
    let value = ''
    let from = at
    while (at < source.length) {
      if (source.startsWith(quote, at)) break
      const sign = source[at]
      if (sign === '\\') at += 2
      else if (sign === '\n' && quote.length === 1) break
      else if (isFormatted && sign === '{' && source[at + 1] !== '{') {
        value += source.slice(from, at)
        fields.push(field())
        value += '\u0000'
        from = at
      } else at += isFormatted && sign === '{' ? 2 : 1
    }
    value += source.slice(from, Math.min(at, source.length))
    if (source.startsWith(quote, at)) at += quote.length
    const isRaw = kinds.includes('r')
    const isBytes = kinds.includes('b')
    push('text', isRaw ? value : unescaped(value, isBytes), offset, {
      isBytes,
      ...(isFormatted ? { fields } : {}),
    })
    return true
  }

  /** The expression between braces, with strings and brackets of its own. */
  function field(): string {
    const from = ++at
    let depth = 0
    while (at < source.length) {
      const sign = source[at]
      if (sign === '"' || sign === "'") {
        const quote = source.startsWith(sign.repeat(3), at) ? sign.repeat(3) : sign
        const end = source.indexOf(quote, at + quote.length)
        if (end < 0) break
        at = end + quote.length
        continue
      }
      if (sign === '{' || sign === '(' || sign === '[') depth++
      else if (sign === '}' && depth === 0) break
      else if (sign === '}' || sign === ')' || sign === ']') depth--
      at++
    }
    const inside = source.slice(from, at)
    if (source[at] === '}') at++
    return inside.replace(/![rsa]?(?::.*)?$|=\s*$/s, '')
  }

  function word(): boolean {
    name.lastIndex = at
    const found = name.exec(source)?.[0]
    if (found === undefined) return false
    push('name', found.normalize('NFKC'), at)
    at += found.length
    return true
  }

  function digits(): boolean {
    if (!/\d/.test(source[at] ?? '') && !(source[at] === '.' && /\d/.test(source[at + 1] ?? ''))) return false
    number.lastIndex = at
    const found = number.exec(source)?.[0] ?? source[at] ?? ''
    push('number', found, at)
    at += found.length
    return true
  }

  function sign(): void {
    operator.lastIndex = at
    const found = operator.exec(source)?.[0]
    if (found === undefined) {
      at++
      return
    }
    if (found === '(' || found === '[' || found === '{') brackets++
    else if (found === ')' || found === ']' || found === '}') brackets = Math.max(0, brackets - 1)
    push('operator', found, at)
    at += found.length
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

function unescaped(text: string, isBytes: boolean): string {
  if (!text.includes('\\')) return text
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|([0-7]{1,3})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|N\{[^}]*\}|([\s\S]))/g,
    (whole, hex?: string, octal?: string, short?: string, long?: string, one?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      if (isBytes) return one === undefined ? whole : (simpleEscapes[one] ?? whole)
      const point = Number.parseInt(short ?? long ?? '110000', 16)
      if (point <= 0x10ffff) return String.fromCodePoint(point)
      return one === undefined ? whole : (simpleEscapes[one] ?? whole)
    },
  )
}
