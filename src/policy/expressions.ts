/**
 * Compiles an expression of Cedar's JSON form to closures: the dispatch from operator to meaning. What each operator
 * means follows Cedar's specification (cedar-policy/cedar-spec) and is checked against Cedar's own corpus.
 */
import { compileAttribute, compileGetTag, compileHas, compileHasTag, compileRecord } from './attributes.ts'
import { type Code, constant, fold } from './code.ts'
import type { Expression, Two } from './est.ts'
import { callExtension } from './extensions.ts'
import { compileIn, compileIs } from './hierarchy.ts'
import { readValue } from './json.ts'
import { compileAll, compileAny, compileConditional, compileEqual, compileNot, compileVariable } from './logic.ts'
import { add, multiply, subtract } from './longs.ts'
import { compileArithmetic, compileLess, compileNegative, compileTextLike } from './operators.ts'
import { compileContains, compileContainsAll, compileContainsAny, compileIsEmpty, compileSet } from './sets.ts'
import type { Long } from './values.ts'

/** The exact value of an integer literal; it may stand in for one that a number cannot hold (see source.ts). */
export type ExactLiteral = (literal: number) => Long

/** Deeper than this, a policy could exhaust the stack of a caller that is deep itself. Chains of && and || are flat. */
const MAX_DEPTH = 500

/** Thrown for an expression nested more than MAX_DEPTH deep. */
export class TooDeep {
  readonly message = `the expression is nested more than ${MAX_DEPTH} deep`
}

/**
 * @throws TooDeep
 */
export function compileExpression(expression: Expression, exact: ExactLiteral, depth = 0): Code {
  if (depth > MAX_DEPTH) throw new TooDeep()
  const compile = (inner: Expression): Code => compileExpression(inner, exact, depth + 1)
  const both = (operands: Two): [Code, Code] => [compile(operands.left), compile(operands.right)]
  const swapped = (operands: Two): [Code, Code] => [compile(operands.right), compile(operands.left)]

  if ('Value' in expression) return compileLiteral(expression.Value, exact)
  if ('Var' in expression) return compileVariable(expression.Var)
  if ('.' in expression) return compileAttribute(compile(expression['.'].left), expression['.'].attr)
  if ('has' in expression) return compileHas(compile(expression.has.left), [expression.has.attr].flat())
  if ('is' in expression) {
    const { left, entity_type: type, in: ancestor } = expression.is
    return compileIs(compile(left), type, ancestor && compile(ancestor))
  }
  if ('in' in expression) return compileIn(...both(expression.in))
  if ('==' in expression) return compileEqual(...both(expression['==']))
  if ('!=' in expression) return compileNot(compileEqual(...both(expression['!='])))
  if ('&&' in expression) return compileAll(chain(expression, '&&').map(compile))
  if ('||' in expression) return compileAny(chain(expression, '||').map(compile))
  if ('!' in expression) return compileNot(compile(expression['!'].arg))
  if ('if-then-else' in expression) {
    const branches = expression['if-then-else']
    return compileConditional(compile(branches.if), compile(branches.then), compile(branches.else))
  }
  if ('<' in expression) return compileLess(...both(expression['<']))
  if ('>' in expression) return compileLess(...swapped(expression['>']))
  if ('<=' in expression) return compileNot(compileLess(...swapped(expression['<='])))
  if ('>=' in expression) return compileNot(compileLess(...both(expression['>='])))
  if ('+' in expression) return compileArithmetic(...both(expression['+']), add)
  if ('-' in expression) return compileArithmetic(...both(expression['-']), subtract)
  if ('*' in expression) return compileArithmetic(...both(expression['*']), multiply)
  if ('neg' in expression) return compileNegative(compile(expression.neg.arg))
  if ('like' in expression) return compileTextLike(compile(expression.like.left), expression.like.pattern)
  if ('contains' in expression) return compileContains(...both(expression.contains))
  if ('containsAll' in expression) return compileContainsAll(...both(expression.containsAll))
  if ('containsAny' in expression) return compileContainsAny(...both(expression.containsAny))
  if ('isEmpty' in expression) return compileIsEmpty(compile(expression.isEmpty.arg))
  if ('getTag' in expression) return compileGetTag(...both(expression.getTag))
  if ('hasTag' in expression) return compileHasTag(...both(expression.hasTag))
  if ('Set' in expression) return compileSet(expression.Set.map(compile))
  if ('Record' in expression) {
    return compileRecord(Object.entries(expression.Record).map(([name, inner]) => [name, compile(inner)]))
  }
  return compileExtensionCall(expression, compile)
}

function compileLiteral(json: unknown, exact: ExactLiteral): Code {
  return constant(typeof json === 'number' ? exact(json) : readValue(json, []))
}

/** `a && b && c` nests to the left, as deep as it is long; here are its operands in order. */
function chain(expression: Expression, operator: '&&' | '||'): Expression[] {
  const operands: Expression[] = []
  let rest = expression
  for (let two = operandsOf(rest, operator); two !== undefined; two = operandsOf(rest, operator)) {
    operands.push(two.right)
    rest = two.left
  }
  return [...operands, rest].reverse()
}

function operandsOf(expression: Expression, operator: '&&' | '||'): Two | undefined {
  if (operator === '&&') return '&&' in expression ? expression['&&'] : undefined
  return '||' in expression ? expression['||'] : undefined
}

/** The one form whose operator is not fixed: `{"isInRange": [left, right]}`. */
function compileExtensionCall(
  call: Readonly<Record<string, readonly Expression[]>>,
  compile: (e: Expression) => Code,
): Code {
  const [[name, operands] = ['', []]] = Object.entries(call)
  const args = operands.map(compile)
  return fold(args, (environment) =>
    callExtension(
      name,
      args.map((arg) => arg.run(environment)),
    ),
  )
}
