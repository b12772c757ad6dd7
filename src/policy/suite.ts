/**
 * Unit tests of policies, in YAML beside them (`*.test.yaml`): who asks what of whom, and what has to come out. A test
 * is one case, or a table of `cases` that say only what differs from the test. What cannot be a test (a misspelt
 * field, a policy that does not exist, a question that the schema does not know) is refused with line and column.
 */
import { z } from 'zod'
import { ConfigError, type ConfigIssue, parseYaml } from '#config'
import type { PolicySet } from './compile.ts'
import type { PolicyRequest } from './decide.ts'
import { createEntities, type Entities, type EntityJson } from './entities.ts'
import { PolicyError } from './errors.ts'
import type { CedarJson, EntityUidJson } from './json.ts'
import { parseUid } from './uid-text.ts'
import { entityUid } from './values.ts'

const uid = z.string().refine((text) => parseUid(text) !== undefined, 'write an entity as Type::"id"')
const cedar: z.ZodType<CedarJson> = z.lazy(() =>
  z.union([z.string(), z.boolean(), z.int(), z.array(cedar), z.record(z.string(), cedar)], {
    error: 'expected a Cedar value: text, true or false, a whole number, a list or a map',
  }),
)
const record = z.record(z.string(), cedar)
const entity = z.strictObject({
  uid: uid.describe('Such as Holdfast::Key::"key_1".'),
  attrs: record.default({}).describe('Its attributes.'),
  parents: z.array(uid).default([]).describe('What it is in, directly.'),
  tags: record.default({}).describe('Its tags.'),
})
const question = z.strictObject({
  principal: uid.optional().describe('Who asks.'),
  action: z.string().min(1).optional().describe('What for: call, or Holdfast::Action::"call".'),
  resource: uid.optional().describe('Of what.'),
  context: record.optional().describe('The context of the question; empty when left out.'),
  expect: z.enum(['allow', 'deny']).optional().describe('What has to come out.'),
  by: z.array(z.string()).optional().describe('Ids of exactly those policies that decide.'),
  errors: z
    .array(z.string())
    .optional()
    .describe('Ids of exactly those policies that cannot be evaluated; none when left out.'),
})
const suiteSchema = z.strictObject({
  entities: z.array(entity).default([]).describe('Entities that all tests know.'),
  tests: z
    .array(
      question.extend({
        name: z.string().min(1).describe('What this test shows, as a sentence.'),
        entities: z.array(entity).default([]).describe('Further entities, for this test.'),
        cases: z
          .array(question.extend({ name: z.string().min(1).optional() }))
          .min(1)
          .optional()
          .describe('A table: each line says what differs from the test.'),
      }),
    )
    .min(1)
    .describe('The tests.'),
})

type Question = z.output<typeof question>

export interface SuiteCase {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly request: PolicyRequest
  readonly entities: Entities
  /** the same entities as JSON, for others than our evaluator */
  readonly entitiesJson: readonly EntityJson[]
  readonly expect: 'allow' | 'deny'
  /** in any order; undefined when any policy may decide */
  readonly by: readonly string[] | undefined
  readonly errors: readonly string[]
}

/**
 * The cases of one file.
 *
 * @param file its name, for messages
 * @throws ConfigError 'syntax' or 'invalid', with every mistake at its line and column
 */
export function readSuite(text: string, file: string, set: PolicySet): SuiteCase[] {
  const { value, issue } = parseYaml(text, suiteSchema, file)
  const mistakes: ConfigIssue[] = []
  const complain = (path: readonly PropertyKey[], message: string) => mistakes.push(issue(path, message))

  const shared = readEntities(value.entities, ['entities'], set, complain)
  const cases = value.tests.flatMap((test, index) => {
    const path = ['tests', index]
    const { name, entities: further, cases: table, ...common } = test
    const own = readEntities(further, [...path, 'entities'], set, complain)
    const entitiesJson = [...shared, ...own]
    const entities = joinEntities(entitiesJson, [...path, ...(own.length > 0 ? ['entities'] : [])], set, complain)
    const lines = table?.map(({ name: title, ...line }, at) => ({
      name: `${name}: ${title ?? `case ${at + 1}`}`,
      path: [...path, 'cases', at],
      question: { ...common, ...withoutUndefined(line) },
    })) ?? [{ name, path, question: common }]
    return lines.flatMap(({ name, path, question }) => {
      const asked = readQuestion(question, path, set, complain)
      if (asked === undefined) return []
      const { line } = issue(path, '')
      return [{ name, file, line, entities, entitiesJson, ...asked }]
    })
  })
  if (mistakes.length > 0) throw new ConfigError('invalid', file, mistakes.slice(0, MAX_MISTAKES))
  return cases
}

const MAX_MISTAKES = 50

type Complain = (path: readonly PropertyKey[], message: string) => void

/** Each on its own first, so that what is wrong with one is told at its place. */
function readEntities(
  list: readonly z.output<typeof entity>[],
  path: readonly PropertyKey[],
  set: PolicySet,
  complain: Complain,
): EntityJson[] {
  return list.map(({ uid, attrs, parents, tags }, index) => {
    const json = { uid: mustUid(uid), attrs, parents: parents.map(mustUid), tags }
    refusing([...path, index], complain, () => createEntities([json], set))
    return json
  })
}

function joinEntities(
  list: readonly EntityJson[],
  path: readonly PropertyKey[],
  set: PolicySet,
  complain: Complain,
): Entities {
  return refusing(path, complain, () => createEntities(list, set)) ?? createEntities([])
}

function readQuestion(
  { principal, action, resource, context = {}, expect, by, errors = [] }: Question,
  path: readonly PropertyKey[],
  set: PolicySet,
  complain: Complain,
): Pick<SuiteCase, 'request' | 'expect' | 'by' | 'errors'> | undefined {
  const named = new Set(set.policies.map(({ id }) => id))
  for (const id of [...(by ?? []), ...errors]) if (!named.has(id)) complain(path, `there is no policy '${id}'`)
  const missing = Object.entries({ principal, action, resource, expect }).filter(([, given]) => given === undefined)
  for (const [name] of missing) complain(path, `'${name}' is missing, here and in its test`)
  if (principal === undefined || action === undefined || resource === undefined || expect === undefined)
    return undefined
  const actionUid = actionOf(action, set)
  if (actionUid === undefined) {
    complain([...path, 'action'], `no action '${action}' in the schema; write it as Type::"id"`)
    return undefined
  }
  const request = { principal: mustUid(principal), action: actionUid, resource: mustUid(resource), context }
  return { request, expect, by, errors }
}

/** An action by its full name, or by its id alone where the schema declares only one of that id. */
export function actionOf(text: string, { schema }: PolicySet): EntityUidJson | undefined {
  const full = parseUid(text)
  if (full !== undefined) return full
  const types = [...(schema?.actionTypes.keys() ?? [])].map((key) => key.slice(0, key.indexOf('::"')))
  const declaring = [...new Set(types)].filter((type) => schema?.actionTypes.has(entityUid(type, text)?.key ?? ''))
  const [type] = declaring
  return type === undefined || declaring.length > 1 ? undefined : { type, id: text }
}

function refusing<T>(path: readonly PropertyKey[], complain: Complain, make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    for (const { message } of error.issues) complain(path, message)
    return undefined
  }
}

/** zod has checked it. */
function mustUid(text: string): EntityUidJson {
  const uid = parseUid(text)
  if (uid === undefined) throw new TypeError(`no entity: ${text}`)
  return uid
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined)) as Partial<T>
}
