/** Variables, `==`, and the operators that may leave an operand unevaluated: `&&`, `||`, `!` and `if`. */
import { asBoolean, type Code, fold, type Run } from './code.ts'
import { equalValues } from './values.ts'

const VARIABLES = {
  principal: (environment) => environment.principal,
  action: (environment) => environment.action,
  resource: (environment) => environment.resource,
  context: (environment) => environment.context,
} satisfies Record<string, Run>

export function compileVariable(name: keyof typeof VARIABLES): Code {
  return { run: VARIABLES[name] }
}

export function compileEqual(left: Code, right: Code): Code {
  const { run: a } = left
  const { run: b } = right
  return fold([left, right], (environment) => equalValues(a(environment), b(environment)))
}

export function compileNot(operand: Code): Code {
  const { run } = operand
  return fold([operand], (environment) => !asBoolean(run(environment)))
}

/** Operands from left to right until one is false. */
export function compileAll(operands: readonly Code[]): Code {
  const runs = operands.map(({ run }) => run)
  return fold(operands, (environment) => {
    for (const run of runs) if (!asBoolean(run(environment))) return false
    return true
  })
}

/** Operands from left to right until one is true. */
export function compileAny(operands: readonly Code[]): Code {
  const runs = operands.map(({ run }) => run)
  return fold(operands, (environment) => {
    for (const run of runs) if (asBoolean(run(environment))) return true
    return false
  })
}

export function compileConditional(condition: Code, consequence: Code, alternative: Code): Code {
  return fold([condition, consequence, alternative], (environment) =>
    asBoolean(condition.run(environment)) ? consequence.run(environment) : alternative.run(environment),
  )
}
