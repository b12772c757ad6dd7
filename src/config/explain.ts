// A schema's issues in the words of the person who wrote the file: place, what is wrong, what was probably meant.

import type { z } from 'zod'
import type { ConfigIssue } from './error.ts'
import { nearest } from './hint.ts'
import { type JsonSchema, schemasAt } from './json-schema.ts'
import type { References } from './references.ts'
import { type Path, type Source, valueAt } from './tree.ts'

type Issue = z.core.$ZodIssue

/** At most 50, in the order of the file. No message contains a value that came from the environment or a file. */
export function explain(
  issues: readonly Issue[],
  source: Source,
  references: References,
  schema: JsonSchema,
): readonly ConfigIssue[] {
  const context = { source, references, schema }
  return issues
    .flatMap((issue) => explainOne(issue, [], context))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, 50)
}

interface Context {
  readonly source: Source
  readonly references: References
  readonly schema: JsonSchema
}

function explainOne(issue: Issue, base: Path, context: Context): readonly ConfigIssue[] {
  const path = [...base, ...issue.path]
  const at = (message: string) => [context.source.issue(path, message)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => context.source.issue([...path, key], unknownKey(key, path, context)))
    case 'invalid_union':
      return explainUnion(issue, path, context)
    case 'invalid_type':
      return at(explainType(issue, path, context))
    case 'invalid_value':
      return at(explainChoice(issue, path, context))
    case 'invalid_key':
      return at(`this key is not allowed: ${withoutPrefix(issue.issues[0]?.message ?? issue.message)}`)
    case 'custom':
      return at(context.references.redact(issue.message))
    default:
      return at(withoutPrefix(issue.message))
  }
}

function unknownKey(key: string, path: Path, { schema }: Context): string {
  const known = schemasAt(schema, path).flatMap((part) => Object.keys(part.properties ?? {}))
  return `unknown key${didYouMean(key, known)}`
}

function explainType(issue: Issue & { code: 'invalid_type' }, path: Path, { references }: Context): string {
  const found = valueAt(references.root, path)
  if (found === undefined) return `required, but missing; expected ${issue.expected}`
  if (found.kind === 'scalar' && found.value === null) return `has no value; expected ${issue.expected}`
  const quote = issue.expected === 'string' && found.kind === 'scalar' ? '; put it in quotes' : ''
  return `${withoutPrefix(issue.message)}${quote}`
}

function explainChoice(issue: Issue & { code: 'invalid_value' }, path: Path, { references }: Context): string {
  const found = valueAt(references.root, path)
  const choices = issue.values.map(String)
  if (found === undefined) return `required, but missing; expected one of: ${choices.join(', ')}`
  const word = found.kind === 'scalar' && typeof found.value === 'string' ? found.value : ''
  return `expected one of: ${choices.join(', ')}${didYouMean(word, choices)}`
}

/** Reports the branch that the author most likely meant: one that fits in kind, and then has the fewest problems. */
function explainUnion(issue: Issue & { code: 'invalid_union' }, path: Path, context: Context): readonly ConfigIssue[] {
  const fitting = issue.errors.filter(
    (branch) => !branch.some((part) => part.path.length === 0 && part.code === 'invalid_type'),
  )
  const best = fitting.sort((a, b) => a.length - b.length)[0]
  if (best !== undefined) return best.flatMap((part) => explainOne(part, path, context))

  const found = valueAt(context.references.root, path)
  const options = schemasAt(context.schema, path)
  const choices = options.flatMap((part) => (part.const === undefined ? (part.enum ?? []) : [part.const])).map(String)
  const types = issue.errors.flat().flatMap((part) => (part.code === 'invalid_type' ? [part.expected] : []))
  const isOwnMessage = issue.discriminator === undefined && issue.message !== 'Invalid input'
  const expected =
    choices.length > 0 ? `expected one of: ${choices.join(', ')}` : `expected ${[...new Set(types)].join(' or ')}`
  const wanted = isOwnMessage ? issue.message : expected
  if (found === undefined) return [context.source.issue(path, `required, but missing; ${wanted}`)]
  const empty = found.kind === 'scalar' && found.value === null ? 'has no value; ' : ''
  const word = found.kind === 'scalar' && typeof found.value === 'string' ? found.value : ''
  return [context.source.issue(path, `${empty}${wanted}${didYouMean(word, choices)}`)]
}

function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function withoutPrefix(message: string): string {
  return message.replace(/^Invalid input: /, '')
}
