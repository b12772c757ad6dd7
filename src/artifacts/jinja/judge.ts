// Judges a template by its syntax tree: what it could reach, not how it is spelled. A chat template needs loops,
// conditions, its messages' members and a few methods of texts; nothing that begins with an underscore.
import { Template } from '@huggingface/jinja'
import type { Report } from '../finding.ts'
import { shown } from '../text.ts'
import * as rules from './rules.ts'

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

const knownFunctions = new Set('raise_exception strftime_now range namespace dict caller loop super'.split(' '))

const knownMethods = new Set(
  `append extend insert index count copy items keys values get update pop setdefault strip lstrip rstrip split rsplit splitlines
  startswith endswith replace join lower upper title capitalize find rfind isdigit isalpha isalnum isspace isupper islower zfill
  ljust rjust center partition rpartition removeprefix removesuffix cycle changed strftime isoformat tojson sort reverse`.split(
    /\s+/,
  ),
)

/** Names that lead to the engine's or a web framework's own objects. */
const engineObjects = new Set('cycler joiner lipsum self config request url_for get_flashed_messages'.split(' '))

const largest = 1_000_000

/**
 * @returns what is wrong with it
 * @throws Error when it is no template that the parser knows
 */
export function judgeTemplate(source: string): Report[] {
  const reports: Report[] = []
  const macros = new Set<string>()
  const computed = new Set<string>()
  const program: unknown = new Template(source).parsed
  for (const node of nodesOf(program)) {
    if (node.type === 'Macro') macros.add(nameOf(node.name))
    if (node.type === 'Set' && isComputedText(node.value)) computed.add(nameOf(node.assignee))
  }
  for (const node of nodesOf(program)) judge(node)
  return reports

  function judge(node: Node): void {
    switch (node.type) {
      case 'StringLiteral':
        if (isHiddenName(textOf(node))) report(rules.attributeWalk, `names ${shown(textOf(node))}`, textOf(node))
        break
      case 'MemberExpression':
        judgeMember(node)
        break
      case 'FilterExpression':
      case 'FilterStatement':
        judgeFilter(node.filter)
        break
      case 'CallExpression':
        judgeCall(node)
        break
      case 'BinaryExpression':
        if (isHuge(node)) report(rules.endless, 'makes a number or a text of enormous size', 'size')
        break
      case 'KeywordArgumentExpression':
        if (nameOf(node.key) === 'attribute' && /(?:^|\.)_/.test(literalOf(node.value)))
          report(rules.attributeWalk, `reaches for ${shown(literalOf(node.value))}`, literalOf(node.value))
        break
      default:
    }
  }

  function judgeMember({ property, computed: isComputed, object }: Node): void {
    if (isComputed !== true) {
      const name = nameOf(property)
      if (name.startsWith('_')) report(rules.attributeWalk, `reaches for the attribute ${shown(name)}`, name)
      const owner = nameOf(object)
      if (engineObjects.has(owner)) report(rules.computedName, `uses ${owner}, an object of the template engine`, owner)
      return
    }
    const isWorkedOut = isComputedText(property) || computed.has(nameOf(property))
    if (isWorkedOut) report(rules.computedName, 'reaches for a member whose name it puts together', 'member')
  }

  function judgeFilter(filter: unknown): void {
    const name = isNode(filter) && filter.type === 'CallExpression' ? nameOf(filter.callee) : nameOf(filter)
    if (name === 'attr') report(rules.attributeWalk, 'uses the filter attr, which reaches for any attribute', name)
    if (name === 'pprint' || name === 'format') report(rules.computedName, `uses the filter ${name}`, name)
  }

  function judgeCall({ callee, args }: Node): void {
    if (!isNode(callee)) return
    const name = callee.type === 'MemberExpression' ? nameOf(callee.property) : nameOf(callee)
    if (
      name === 'format_map' ||
      (name === 'format' && callee.type === 'MemberExpression' && isReachingFormat(callee.object))
    )
      report(rules.attributeWalk, 'formats a text that reaches for attributes', name)
    if (name === 'range' && Array.isArray(args) && args.some((arg) => numberOf(arg) > largest))
      report(rules.endless, 'loops over an enormous range', 'range')
    if (name === '' || name.startsWith('_') || name === 'format') return
    const isKnown =
      callee.type === 'MemberExpression' ? knownMethods.has(name) : knownFunctions.has(name) || macros.has(name)
    if (!isKnown) report(rules.unknownCall, `calls ${shown(name)}`, name)
  }

  function report(rule: Report['rule'], what: string, subject: string): void {
    reports.push({ rule, message: `The template ${what}.`, subject: shown(subject) })
  }
}

/** A text that is put together: joined, formatted, sliced or taken from somewhere by a call. */
function isComputedText(node: unknown): boolean {
  if (!isNode(node)) return false
  if (node.type === 'BinaryExpression') {
    const operator = isNode(node.operator) ? node.operator.value : undefined
    const isJoin = operator === '~' || operator === '+' || operator === '%' || operator === '*'
    return isJoin && [...nodesOf(node)].some(({ type }) => type === 'StringLiteral')
  }
  if (node.type === 'FilterExpression') {
    const name =
      isNode(node.filter) && node.filter.type === 'CallExpression' ? nameOf(node.filter.callee) : nameOf(node.filter)
    return (
      /^(?:join|format|replace|reverse|lower|upper|string|urlencode|attr|map)$/.test(name) &&
      [...nodesOf(node.operand)].some(({ type }) => type === 'StringLiteral' || type === 'ArrayLiteral')
    )
  }
  if (node.type === 'CallExpression' && isNode(node.callee) && node.callee.type === 'MemberExpression')
    return isNode(node.callee.object) && node.callee.object.type === 'StringLiteral'
  return false
}

/** `__class__`, also half of it, also with its underscores escaped. */
function isHiddenName(text: string): boolean {
  return /__[a-z]{2,}|[a-z]{3,}__$|\\(?:x5f|u005f|137|N\{LOW LINE\})/i.test(text) && !/\s/.test(text.trim())
}

function isReachingFormat(object: unknown): boolean {
  return isNode(object) && object.type === 'StringLiteral' && /\{[^}]*[.[]/.test(textOf(object))
}

function isHuge(node: Node): boolean {
  const operator = isNode(node.operator) ? node.operator.value : undefined
  if (operator !== '*' && operator !== '**') return false
  const left = numberOf(node.left)
  const right = numberOf(node.right)
  if (operator === '**') return left ** right > largest
  const isText = isNode(node.left) && ['StringLiteral', 'ArrayLiteral'].includes(node.left.type)
  return isText ? right > largest : left * right > largest
}

/** The value of a number, of a product or a power of numbers; NaN for everything else. */
function numberOf(node: unknown): number {
  if (!isNode(node)) return Number.NaN
  if (typeof node.value === 'number') return node.value
  if (node.type !== 'BinaryExpression' || !isNode(node.operator)) return Number.NaN
  const [left, right] = [numberOf(node.left), numberOf(node.right)]
  if (node.operator.value === '*') return left * right
  if (node.operator.value === '**') return left ** right
  return Number.NaN
}

function nameOf(node: unknown): string {
  return isNode(node) && node.type === 'Identifier' && typeof node.value === 'string' ? node.value : ''
}

function textOf(node: Node): string {
  return typeof node.value === 'string' ? node.value : ''
}

function literalOf(node: unknown): string {
  return isNode(node) && node.type === 'StringLiteral' ? textOf(node) : ''
}

/** Every node of the tree, without recursion. */
function* nodesOf(root: unknown): Generator<Node> {
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) waiting.push(...next)
    else if (next instanceof Map) waiting.push(...next.keys(), ...next.values())
    else if (isNode(next)) {
      yield next
      waiting.push(...Object.values(next))
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
