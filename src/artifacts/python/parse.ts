// Tokens to trees. Where the grammar is left, the rest of the line is read as expressions one after the other, so that
// no call gets lost because of a form of statement that is not known here.
import { ArtifactError } from '../error.ts'
import type { Argument, Expression, Import, Statement } from './syntax.ts'
import { type Token, tokensOf } from './tokens.ts'

const maxDepth = 250
const compound = new Set('if elif else for while try except finally with async match case'.split(' '))
const words = new Set(
  'and or not in is if else for lambda await yield from as async import return raise del assert global nonlocal pass break continue def class while try except finally with'.split(
    ' ',
  ),
)
const displays = [
  ['(', ')', 'tuple'],
  ['[', ']', 'list'],
  ['{', '}', 'set'],
] as const
const binary: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  in: 4,
  is: 4,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  '==': 4,
  '!=': 4,
  '|': 5,
  '^': 6,
  '&': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '//': 10,
  '%': 10,
  '@': 10,
  '**': 12,
}

/** @throws ArtifactError `over_limit` when it nests deeper than Python itself allows */
export function parsePython(source: string, nesting = 0): Statement[] {
  const tokens = tokensOf(source)
  let at = 0
  let depth = 0
  const statements = block(false)
  return statements

  function peek(): Token {
    return tokens[at] ?? { type: 'end', text: '', offset: source.length }
  }
  function is(text: string): boolean {
    const { type, text: own } = peek()
    return (type === 'operator' || type === 'name') && own === text
  }
  function take(text: string): boolean {
    if (!is(text)) return false
    at++
    return true
  }
  function deeper(): void {
    if (++depth > maxDepth || nesting > 8)
      throw new ArtifactError(
        'over_limit',
        `limit reached: Python nested more than ${maxDepth} levels deep`,
        peek().offset,
      )
  }

  function block(isIndented: boolean): Statement[] {
    const list: Statement[] = []
    deeper()
    while (peek().type !== 'end') {
      if (peek().type === 'dedent') {
        at++
        if (isIndented) break
        continue
      }
      if (peek().type === 'indent') {
        at++
        list.push(...block(true))
        continue
      }
      list.push(...statement())
    }
    depth--
    return list
  }

  function statement(): Statement[] {
    const decorators: Expression[] = []
    while (is('@')) {
      at++
      decorators.push(expression())
      endLine()
    }
    if (is('async') && ['def', 'for', 'with'].includes(tokens[at + 1]?.text ?? '')) at++
    if (is('def') && tokens[at + 1]?.type === 'name') return [definition(decorators)]
    if (is('class') && tokens[at + 1]?.type === 'name') return [classDefinition(decorators)]
    const { type, text } = peek()
    if (type === 'name' && compound.has(text) && isCompound()) return [compoundStatement(text)]
    const rest = decorators.map((value): Statement => ({ kind: 'expression', value }))
    return [...rest, ...simpleLine()]
  }

  /** `match` and `case` are names too: a statement's header ends with a colon outside of brackets. */
  function isCompound(): boolean {
    if (!is('match') && !is('case')) return true
    let brackets = 0
    for (let index = at + 1; ; index++) {
      const token = tokens[index]
      if (token === undefined || token.type === 'newline' || token.type === 'end') return false
      if (token.type !== 'operator') continue
      if ('([{'.includes(token.text)) brackets++
      else if (')]}'.includes(token.text)) brackets--
      else if (token.text === ':' && brackets === 0) return index > at + 1
      else if ((token.text === '=' || token.text === '.') && brackets === 0 && index === at + 1) return false
    }
  }

  function compoundStatement(keyword: string): Statement {
    at++
    const header: Expression[] = []
    const targets: Expression[] = []
    if (keyword === 'for') {
      targets.push(targetList())
      take('in')
    }
    while (!is(':') && peek().type !== 'newline' && peek().type !== 'end') {
      const before = at
      if (take('as')) targets.push(keyword === 'with' ? unary() : expression())
      else if (!take(',') && !take('*') && !take('in')) header.push(expression())
      if (at === before) at++
    }
    return { kind: 'block', keyword, header, targets, body: suite() }
  }

  function targetList(): Expression {
    const { offset } = peek()
    const items: Expression[] = []
    while (!is('in') && peek().type !== 'newline' && peek().type !== 'end') {
      const before = at
      if (!take(',') && !take('*')) items.push(unary())
      if (at === before) at++
    }
    return { kind: 'parts', form: 'tuple', items, offset }
  }

  function suite(): Statement[] {
    take(':')
    if (peek().type !== 'newline') return simpleLine()
    at++
    if (peek().type !== 'indent') return []
    at++
    return block(true)
  }

  function definition(decorators: Expression[]): Statement {
    const { offset } = peek()
    at++
    const name = peek().text
    at++
    const defaults: Expression[] = []
    if (is('[')) defaults.push(atom())
    if (take('(')) {
      while (!is(')') && peek().type !== 'end' && peek().type !== 'newline') {
        const before = at
        // Names of parameters are skipped; annotations and defaults are worked out when the function is defined.
        if (take(':') || take('=')) defaults.push(expression())
        else if (take(',') || take('*') || take('**') || take('/')) continue
        else if (peek().type === 'name') at++
        else defaults.push(expression())
        if (at === before) at++
      }
      take(')')
    }
    if (take('->')) defaults.push(expression())
    return { kind: 'function', name, decorators, defaults, body: suite(), offset }
  }

  function classDefinition(decorators: Expression[]): Statement {
    const { offset } = peek()
    at++
    const name = peek().text
    at++
    if (is('[')) atom()
    const bases = take('(') ? callArguments() : []
    return { kind: 'class', name, decorators, bases, body: suite(), offset }
  }

  function simpleLine(): Statement[] {
    const list: Statement[] = []
    while (peek().type !== 'newline' && peek().type !== 'end') {
      if (take(';')) continue
      const before = at
      list.push(...simple())
      if (at === before) at++
    }
    endLine()
    return list
  }

  function endLine(): void {
    while (peek().type !== 'newline' && peek().type !== 'end') at++
    if (peek().type === 'newline') at++
  }

  function simple(): Statement[] {
    const { offset } = peek()
    if (is('import')) return [{ kind: 'import', imports: importNames(), offset }]
    if (is('from') && /^[.\p{L}_]/u.test(tokens[at + 1]?.text ?? ''))
      return [{ kind: 'import', imports: importFrom(), offset }]
    for (const word of [
      'return',
      'raise',
      'del',
      'assert',
      'yield',
      'global',
      'nonlocal',
      'pass',
      'break',
      'continue',
      'print',
    ])
      if (is(word) && !(word === 'print' && tokens[at + 1]?.text === '(')) {
        at++
        return expressions()
      }
    // Python 2's statement.
    if (is('exec') && tokens[at + 1]?.type === 'text') {
      at++
      return [
        {
          kind: 'expression',
          value: {
            kind: 'call',
            callee: { kind: 'name', name: 'exec', offset },
            args: [{ name: undefined, value: expression() }],
            offset,
          },
        },
      ]
    }
    const values = [expressionList()]
    if (take(':')) {
      const annotation = expression()
      if (!is('=')) return [{ kind: 'expression', value: annotation }]
    }
    while (peek().type === 'operator' && /^(?:[-+*/%&|^@]|\/\/|\*\*|>>|<<)?=$/.test(peek().text)) {
      const operator = peek().text
      at++
      const value = expressionList()
      const target = values.at(-1)
      // `a += b` is `a = a + b`.
      values.push(
        operator === '=' || target === undefined
          ? value
          : { kind: 'binary', operator: operator.slice(0, -1), left: target, right: value, offset },
      )
    }
    const value = values.pop()
    if (value === undefined) return []
    return values.length === 0 ? [{ kind: 'expression', value }] : [{ kind: 'assignment', targets: values, value }]
  }

  function expressions(): Statement[] {
    const list: Statement[] = []
    while (peek().type !== 'newline' && peek().type !== 'end' && !is(';')) {
      const before = at
      if (!take(',') && !take('from') && !take('>>')) list.push({ kind: 'expression', value: expression() })
      if (at === before) at++
    }
    return list
  }

  function dotted(): string {
    let path = ''
    while (is('.') || is('...')) {
      path += peek().text
      at++
    }
    while (peek().type === 'name' && !is('import')) {
      path += peek().text
      at++
      if (!is('.')) break
      path += '.'
      at++
    }
    return path
  }

  function importNames(): Import[] {
    const list: Import[] = []
    do {
      at++
      const module = dotted()
      if (take('as')) {
        list.push({ module, name: undefined, as: peek().text })
        at++
      } else
        list.push(
          { module: module.split('.')[0] ?? module, name: undefined, as: module.split('.')[0] ?? module },
          { module, name: undefined, as: '' },
        )
    } while (is(','))
    return list
  }

  function importFrom(): Import[] {
    at++
    const module = dotted()
    take('import')
    take('(')
    const list: Import[] = []
    while (peek().type === 'name' || is('*')) {
      const name = peek().text
      at++
      let as = name
      if (take('as')) {
        as = peek().text
        at++
      }
      list.push({ module, name, as })
      if (!take(',')) break
    }
    take(')')
    return list
  }

  function expressionList(): Expression {
    const first = starred()
    if (!is(',')) return first
    const items = [first]
    while (take(',')) {
      if (isEnd()) break
      items.push(starred())
    }
    return { kind: 'parts', form: 'tuple', items, offset: first.offset }
  }

  function starred(): Expression {
    if (is('*') || is('**')) at++
    return expression()
  }

  function isEnd(): boolean {
    const { type, text } = peek()
    return (
      type === 'newline' ||
      type === 'end' ||
      (type === 'operator' && /^(?:[)\]};:=]|[-+*/%&|^@]=|\/\/=|\*\*=|>>=|<<=)$/.test(text))
    )
  }

  function expression(): Expression {
    deeper()
    const { offset } = peek()
    let value: Expression
    if (take('lambda')) value = lambda(offset)
    else {
      value = operation(0)
      if (take(':=') && value.kind === 'name') value = { kind: 'walrus', name: value.name, value: expression(), offset }
      if (is('if')) {
        at++
        const test = operation(0)
        take('else')
        value = { kind: 'parts', form: 'choice', items: [value, expression(), test], offset }
      }
    }
    depth--
    return value
  }

  function lambda(offset: number): Expression {
    const defaults: Expression[] = []
    while (!is(':') && peek().type !== 'newline' && peek().type !== 'end') {
      const before = at
      if (take('=')) defaults.push(expression())
      else at++
      if (at === before) at++
    }
    take(':')
    const body = expression()
    return {
      kind: 'lambda',
      body: defaults.length === 0 ? body : { kind: 'parts', form: 'tuple', items: [body, ...defaults], offset },
      offset,
    }
  }

  function operation(floor: number): Expression {
    let left = unary()
    for (;;) {
      let operator = peek().type === 'name' || peek().type === 'operator' ? peek().text : ''
      let width = 1
      if (operator === 'not' && tokens[at + 1]?.text === 'in') [operator, width] = ['in', 2]
      const strength = Object.hasOwn(binary, operator) ? (binary[operator] ?? 0) : 0
      if (strength === 0 || strength <= floor) return left
      const { offset } = peek()
      at += width
      if (operator === 'is') take('not')
      deeper()
      const right = operation(operator === '**' ? strength - 1 : strength)
      depth--
      left = { kind: 'binary', operator, left, right, offset }
    }
  }

  function unary(): Expression {
    const { offset } = peek()
    if (is('not') || is('-') || is('+') || is('~') || is('await') || is('yield') || is('*') || is('**')) {
      const isNegative = is('-')
      const isYield = is('yield')
      at++
      if (isYield) take('from')
      if (isEnd() || is(',')) return { kind: 'parts', form: 'nothing', items: [], offset }
      deeper()
      const value = operation(isNegative || !is('not') ? 10 : 3)
      depth--
      if (isNegative && value.kind === 'number') return { kind: 'number', value: -value.value, offset }
      return { kind: 'parts', form: 'same', items: [value], offset }
    }
    return trailers(atom())
  }

  function trailers(start: Expression): Expression {
    let value = start
    for (let count = 0; ; count++) {
      if (count > 2000)
        throw new ArtifactError('over_limit', 'limit reached: a chain of more than 2000 calls', peek().offset)
      const { offset } = peek()
      if (take('.')) {
        value = { kind: 'attribute', object: value, name: peek().text, offset }
        if (peek().type === 'name') at++
      } else if (take('(')) value = { kind: 'call', callee: value, args: callArguments(), offset: value.offset }
      else if (take('[')) {
        const index = displayItems(']')
        value = {
          kind: 'subscript',
          object: value,
          index:
            index.length === 1 && index[0] !== undefined
              ? index[0]
              : { kind: 'parts', form: 'slice', items: index, offset },
          offset,
        }
      } else return value
    }
  }

  function callArguments(): Argument[] {
    const args: Argument[] = []
    while (!is(')') && peek().type !== 'end') {
      const before = at
      if (
        take(',') ||
        take('*') ||
        take('**') ||
        peek().type === 'newline' ||
        peek().type === 'indent' ||
        peek().type === 'dedent'
      ) {
        if (at === before) at++
        continue
      }
      const isNamed = peek().type === 'name' && tokens[at + 1]?.text === '=' && tokens[at + 1]?.type === 'operator'
      const name = isNamed ? peek().text : undefined
      if (isNamed) at += 2
      const value = expression()
      args.push({ name, value: is('for') || is('async') ? comprehension(value) : value })
      if (at === before) at++
    }
    take(')')
    return args
  }

  function comprehension(first: Expression): Expression {
    const items = [first]
    const targets: Expression[] = []
    while (is('for') || is('async') || is('if')) {
      take('async')
      if (take('for')) {
        targets.push(targetList())
        take('in')
        items.push(operation(0))
      } else if (take('if')) items.push(operation(0))
    }
    return { kind: 'parts', form: 'comprehension', items, offset: first.offset }
  }

  function displayItems(end: string): Expression[] {
    const items: Expression[] = []
    while (!is(end) && peek().type !== 'end') {
      const before = at
      const isSkipped = take(',') || take(':') || take('*') || take('**')
      if (!isSkipped) {
        if (
          peek().type === 'name' ||
          peek().type === 'text' ||
          peek().type === 'number' ||
          peek().type === 'operator'
        ) {
          if (is(')') || is(']') || is('}')) break
          const value = expression()
          items.push(is('for') || is('async') ? comprehension(value) : value)
        }
      } else if (tokens[at - 1]?.text === ':' && end === ']')
        items.push({ kind: 'parts', form: 'colon', items: [], offset: peek().offset })
      if (at === before) at++
    }
    take(end)
    return items
  }

  function atom(): Expression {
    const token = peek()
    const { offset } = token
    if (token.type === 'text') return textAtom()
    if (token.type === 'number') {
      at++
      return { kind: 'number', value: Number(token.text.replaceAll('_', '').replace(/[jJlL]$/, '')), offset }
    }
    if (token.type === 'name' && !(words.has(token.text) && token.text !== 'print')) {
      at++
      return { kind: 'name', name: token.text, offset }
    }
    if (token.type === 'operator') {
      for (const [open, close, form] of displays)
        if (take(open)) {
          deeper()
          const items = displayItems(close)
          depth--
          const [only] = items
          const isGrouping = open === '(' && items.length === 1 && tokens[at - 2]?.text !== ','
          return isGrouping && only !== undefined ? only : { kind: 'parts', form, items, offset }
        }
      if (token.text !== ')' && token.text !== ']' && token.text !== '}' && token.text !== ':' && token.text !== ',')
        at++
    }
    return { kind: 'parts', form: 'nothing', items: [], offset }
  }

  /** Texts beside each other are one. */
  function textAtom(): Expression {
    const { offset } = peek()
    let value = ''
    let isBytes = false
    const fields: Expression[] = []
    for (let token = peek(); token.type === 'text'; token = peek()) {
      value += token.text
      isBytes ||= token.isBytes === true
      for (const field of token.fields ?? [])
        for (const inner of parsePython(field.trim(), nesting + 1))
          if (inner.kind === 'expression') fields.push(inner.value)
      at++
    }
    return { kind: 'text', value, isBytes, fields, offset }
  }
}
