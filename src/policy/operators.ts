/** Arithmetic, order and `like`. */
import { asString, type Code, fold } from './code.ts'
import { compileLike } from './like.ts'
import { asLong, negate } from './longs.ts'
import { type Long, typeOf, type Value, wrongType } from './values.ts'

export function compileArithmetic(left: Code, right: Code, apply: (a: Long, b: Long) => Long): Code {
  return fold([left, right], (environment) => apply(asLong(left.run(environment)), asLong(right.run(environment))))
}

export function compileNegative(operand: Code): Code {
  return fold([operand], (environment) => negate(asLong(operand.run(environment))))
}

/** `left < right`; the other three orders are this one swapped or negated. */
export function compileLess(left: Code, right: Code): Code {
  const { run: a } = left
  const { run: b } = right
  return fold([left, right], (environment) => less(a(environment), b(environment)))
}

/** Longs are ordered, and so are datetimes and durations among themselves; decimals have functions instead. */
function less(a: Value, b: Value): boolean {
  if (typeof a === 'object' && (a.kind === 'datetime' || a.kind === 'duration')) {
    if (typeof b !== 'object' || b.kind !== a.kind) throw wrongType(typeOf(a), b)
    return a.value < b.value
  }
  return asLong(a) < asLong(b)
}

export function compileTextLike(text: Code, pattern: readonly ('Wildcard' | { readonly Literal: string })[]): Code {
  const matches = compileLike(pieces(pattern))
  return fold([text], (environment) => matches(asString(text.run(environment))))
}

/** Literals between the wildcards; neighbouring literals (Cedar gives one for each character) are joined. */
function pieces(pattern: readonly ('Wildcard' | { readonly Literal: string })[]): string[] {
  const literals: string[][] = [[]]
  for (const element of pattern) {
    if (element === 'Wildcard') literals.push([])
    else literals.at(-1)?.push(element.Literal)
  }
  return literals.map((parts) => parts.join(''))
}
