/**
 * Cedar itself (`@cedar-policy/cedar-wasm`, 4.3 MB), for what happens when policies are loaded: parsing and validation.
 * It is loaded on first use. A policy that nests too deeply exhausts its stack and leaves the instance unusable for
 * every later call, so such an instance is dropped and the next call gets a fresh one.
 */
import { createRequire } from 'node:module'
import type * as Wasm from '@cedar-policy/cedar-wasm/nodejs'
import type { EntityJson } from './entities.ts'
import type { PolicyJson } from './est.ts'
import type { CedarJson, EntityUidJson } from './json.ts'

type Cedar = typeof Wasm

/** What Cedar says about a text: a message, and a place in UTF-8 bytes of that text when it knows one. */
export interface Complaint {
  readonly message: string
  readonly start?: number
}

export interface PolicyComplaint extends Complaint {
  readonly policyId: string
}

/** Thrown for what nests deeper than Cedar's stack, or its own limit, allows. */
export class CedarOverflow {}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] }

/** @throws CedarOverflow */
export function parsePolicy(text: string): Parsed<PolicyJson> {
  const answer = callCedar((cedar) => cedar.policyToJson(text))
  if (answer.type === 'failure') return { ok: false, complaints: answer.errors.map(complaint) }
  // Cedar's own serialiser has just written it.
  return { ok: true, value: answer.json as PolicyJson }
}

/**
 * Strict validation of policies against a schema, in Cedar's own syntax or as an object in its JSON form.
 *
 * @returns not `ok` when the schema itself is refused
 * @throws CedarOverflow
 */
export function validatePolicies(
  policies: Readonly<Record<string, string>>,
  schema: Wasm.Schema,
): Parsed<{ readonly errors: readonly PolicyComplaint[]; readonly warnings: readonly PolicyComplaint[] }> {
  const answer = callCedar((cedar) =>
    cedar.validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies: policies } }),
  )
  if (answer.type === 'failure') return { ok: false, complaints: answer.errors.map(complaint) }
  const named = ({ policyId, error }: Wasm.ValidationError) => ({ policyId, ...complaint(error) })
  return {
    ok: true,
    value: { errors: answer.validationErrors.map(named), warnings: answer.validationWarnings.map(named) },
  }
}

/**
 * The JSON form of a schema that `validatePolicies` has accepted.
 *
 * @throws CedarOverflow
 */
export function schemaToJson(schema: Wasm.Schema): Wasm.SchemaJson<string> {
  const answer = callCedar((cedar) => cedar.schemaToJson(schema))
  if (answer.type === 'failure') throw new Error(`Cedar accepts the schema, and does not: ${answer.errors[0]?.message}`)
  return answer.json
}

/** A question and all that it is decided by, in Cedar's JSON forms. */
export interface Question {
  readonly principal: EntityUidJson
  readonly action: EntityUidJson
  readonly resource: EntityUidJson
  readonly context: Readonly<Record<string, CedarJson>>
  readonly policies: Readonly<Record<string, string>>
  readonly entities: readonly EntityJson[]
  readonly schema: Wasm.Schema | undefined
}

/**
 * Cedar's own decision, which tests hold ours against.
 *
 * @returns not `ok` when the question does not conform to the schema
 * @throws CedarOverflow
 */
export function authorise({ policies, entities, schema, ...request }: Question): Parsed<{
  readonly decision: 'allow' | 'deny'
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
}> {
  // Cedar's types want mutable values, and its entities every part.
  const call = JSON.parse(
    JSON.stringify({
      ...request,
      policies: { staticPolicies: policies },
      entities: entities.map((entity) => ({ attrs: {}, parents: [], ...entity })),
      ...(schema === undefined ? {} : { schema, validateRequest: true }),
    }),
  )
  const answer = callCedar((cedar) => cedar.isAuthorized(call))
  if (answer.type === 'failure') return { ok: false, complaints: answer.errors.map(complaint) }
  const { decision, diagnostics } = answer.response
  return {
    ok: true,
    value: { decision, reasons: diagnostics.reason, errors: diagnostics.errors.map(({ policyId }) => policyId) },
  }
}

let loaded: Cedar | undefined

function callCedar<T>(call: (cedar: Cedar) => T): T {
  loaded ??= loadCedar()
  try {
    return call(loaded)
  } catch (error) {
    loaded = undefined
    if (isOverflow(error)) throw new CedarOverflow()
    throw error
  }
}

function isOverflow(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // The last is of its reader of JSON, and thrown instead of being told in the answer.
  return error.name === 'RuntimeError' || error.name === 'RangeError' || /^recursion limit/.test(error.message)
}

/** `require`, because only its cache can be told to forget a module. */
function loadCedar(): Cedar {
  const require = createRequire(import.meta.url)
  const path = require.resolve('@cedar-policy/cedar-wasm/nodejs')
  delete require.cache[path]
  return require(path)
}

function complaint(error: Wasm.DetailedError): Complaint {
  const [place] = error.sourceLocations ?? []
  const what = place?.label ? `${error.message}, ${place.label}` : error.message
  // What failed to be parsed, and in which policy, is said beside the message.
  const message = [what, error.help]
    .filter(Boolean)
    .join('; ')
    .replace(/^failed to parse (?:policy|schema) from (?:string|JSON): (?:error parsing schema: )?/, '')
    .replace(/for policy `[^`]*`, /g, '')
  return place === undefined ? { message } : { message, start: place.start }
}
