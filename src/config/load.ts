// Reads a configuration file into what a schema describes: YAML, then references, then the schema, each problem with
// its line and column.

import type { z } from 'zod'
import { ConfigError, type ConfigIssue } from './error.ts'
import { explain } from './explain.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { type ConfigWorld, explainReadError, type References, resolveReferences } from './references.ts'
import { Secret, secretWanted } from './secret.ts'
import { type Path, parseTree, type Source, type Tree, valueAt } from './tree.ts'

/**
 * Reads and checks the configuration in `file`.
 *
 * @param schema every object in it strict (`z.strictObject`); secrets as `secretSchema`
 * @throws ConfigError listing all problems of the first stage that fails: `unreadable`, `syntax`, `reference`, `invalid`
 */
export function loadConfig<S extends z.ZodType>(file: string, schema: S, world: ConfigWorld): z.output<S> {
  return parseConfig(readConfig(file, world), schema, world, file)
}

/** As `loadConfig`, for a text already at hand. `file:` paths are relative to the folder of `fileName`. */
export function parseConfig<S extends z.ZodType>(
  text: string,
  schema: S,
  world: ConfigWorld,
  fileName: string,
): z.output<S> {
  const source = parseTree(text, fileName)
  const references = resolveReferences(source, world)
  return validate(schema, source, references)
}

/**
 * As `parseConfig`, for a text that is no configuration and refers to nothing outside it: `${…}` and `file:` in it mean
 * themselves. With the value comes how to complain about a place in it.
 */
export function parseYaml<S extends z.ZodType>(
  text: string,
  schema: S,
  fileName: string,
): { readonly value: z.output<S>; issue(path: Path, message: string): ConfigIssue } {
  const source = parseTree(text, fileName)
  const { root, issue } = source
  const secretAt = (path: Path) => issue(path, 'a secret has no place here')
  return {
    value: validate(schema, source, { root, isSubstituted: () => false, secretAt, redact: (message) => message }),
    issue,
  }
}

function readConfig(file: string, world: ConfigWorld): string {
  try {
    return world.readFile(file)
  } catch (error) {
    const message = `the configuration cannot be read: ${explainReadError(error)}`
    throw new ConfigError('unreadable', file, [{ path: '', line: 1, column: 1, message }])
  }
}

/**
 * Only the schema knows which scalars are secrets and which text from the environment should be a number. It says so
 * by an issue; the loader answers the issue with the value and asks again, until there is nothing left to answer.
 */
function validate<S extends z.ZodType>(schema: S, source: Source, references: References): z.output<S> {
  const jsonSchema = jsonSchemaOf(schema)
  const answers = new Map<string, unknown>()
  for (;;) {
    const result = schema.safeParse(toValue(references.root, [], answers))
    if (result.success) return result.data
    const failures: ConfigIssue[] = []
    const before = answers.size
    for (const { path, issue } of leaves(result.error.issues, [])) {
      const key = JSON.stringify(path)
      if (answers.has(key)) continue
      const answer = answerTo(issue, path, references)
      if (answer === undefined) continue
      if (typeof answer === 'object' && !(answer instanceof Secret)) failures.push(answer)
      else answers.set(key, answer)
    }
    if (failures.length > 0) throw new ConfigError('reference', source.file, failures)
    if (answers.size > before) continue
    throw new ConfigError('invalid', source.file, explain(result.error.issues, source, references, jsonSchema))
  }
}

function answerTo(
  issue: z.core.$ZodIssue,
  path: Path,
  references: References,
): Secret | ConfigIssue | number | boolean | undefined {
  if (issue.code === 'custom') return issue.params === secretWanted ? references.secretAt(path) : undefined
  if (issue.code !== 'invalid_type' || !references.isSubstituted(path)) return undefined
  const scalar = valueAt(references.root, path)
  const text = scalar?.kind === 'scalar' ? String(scalar.value).trim() : ''
  if (issue.expected === 'number') return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined
  return issue.expected === 'boolean' && /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined
}

/** The issues with their full paths, those inside the branches of unions included. */
function* leaves(issues: readonly z.core.$ZodIssue[], base: Path): Generator<{ path: Path; issue: z.core.$ZodIssue }> {
  for (const issue of issues) {
    const path = [...base, ...issue.path]
    yield { path, issue }
    if (issue.code === 'invalid_union') for (const branch of issue.errors) yield* leaves(branch, path)
  }
}

function toValue(tree: Tree, path: Path, answers: ReadonlyMap<string, unknown>): unknown {
  if (tree.kind === 'map') {
    const entries = [...tree.entries].map(([key, entry]) => [key, toValue(entry.value, [...path, key], answers)])
    return Object.fromEntries(entries)
  }
  if (tree.kind === 'list') return tree.items.map((item, index) => toValue(item, [...path, index], answers))
  return answers.size === 0 ? tree.value : (answers.get(JSON.stringify(path)) ?? tree.value)
}
