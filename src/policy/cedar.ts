/**
 * Cedar itself (`@cedar-policy/cedar-wasm`, 4.3 MB), for what happens when policies are loaded: parsing and validation.
 * It is loaded on first use. A policy that nests too deeply exhausts its stack and leaves the instance unusable for
 * every later call, so such an instance is dropped and the next call gets a fresh one.
 */
import { createRequire } from 'node:module'
import type * as Wasm from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyJson } from './est.ts'

type Cedar = typeof Wasm

/** What Cedar says about a text: a message, and a place in UTF-8 bytes of that text when it knows one. */
export interface Complaint {
  readonly message: string
  readonly start?: number
}

export interface PolicyComplaint extends Complaint {
  readonly policyId: string
}

/** Thrown when Cedar runs out of stack on what it was given. */
export class CedarOverflow {}

type Parsed<T> =
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
 * A schema in Cedar's own syntax or as an object in its JSON form; the answer has all names resolved.
 *
 * @throws CedarOverflow
 */
export function parseSchema(schema: Wasm.Schema): Parsed<Wasm.SchemaJson<string>> {
  const text = typeof schema === 'string' ? schema : schemaToText(schema)
  if (typeof text !== 'string') return text
  const answer = callCedar((cedar) => cedar.schemaToJsonWithResolvedTypes(text))
  if (answer.type === 'failure') return { ok: false, complaints: answer.errors.map(complaint) }
  return { ok: true, value: answer.json }
}

/** Names can be resolved only in a schema that is text. */
function schemaToText(schema: Wasm.Schema): string | { ok: false; complaints: readonly Complaint[] } {
  const answer = callCedar((cedar) => cedar.schemaToText(schema))
  if (answer.type === 'success') return answer.text
  // Places in a schema that was JSON are places in a text that nobody has seen.
  return { ok: false, complaints: answer.errors.map((error) => ({ message: complaint(error).message })) }
}

/**
 * Strict validation of policies against a schema that parses.
 *
 * @throws CedarOverflow
 */
export function validatePolicies(
  policies: Readonly<Record<string, string>>,
  schema: Wasm.Schema,
): { readonly errors: readonly PolicyComplaint[]; readonly warnings: readonly PolicyComplaint[] } {
  const answer = callCedar((cedar) =>
    cedar.validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies: policies } }),
  )
  if (answer.type === 'failure') {
    return { errors: answer.errors.map((error) => ({ policyId: '', ...complaint(error) })), warnings: [] }
  }
  const named = ({ policyId, error }: Wasm.ValidationError) => ({ policyId, ...complaint(error) })
  return { errors: answer.validationErrors.map(named), warnings: answer.validationWarnings.map(named) }
}

let loaded: Cedar | undefined

function callCedar<T>(call: (cedar: Cedar) => T): T {
  loaded ??= loadCedar()
  try {
    return call(loaded)
  } catch (error) {
    loaded = undefined
    if (error instanceof Error && (error.name === 'RuntimeError' || error.name === 'RangeError'))
      throw new CedarOverflow()
    throw error
  }
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
  const message = error.message
    .replace(/^failed to parse (?:policy|schema) from (?:string|JSON): |^error parsing schema: /, '')
    .replace(/^for policy `[^`]*`, /, '')
  const text = [place?.label ? `${message}, ${place.label}` : message, error.help].filter(Boolean).join('; ')
  return place === undefined ? { message: text } : { message: text, start: place.start }
}
