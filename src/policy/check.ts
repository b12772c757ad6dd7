/**
 * All of loading that needs Cedar: policies are parsed, and validated when there is a schema. What comes out is plain
 * JSON, because this happens in a thread of its own (see thread.ts).
 */
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type PolicyComplaint, schemaToJson, validatePolicies } from './cedar.ts'
import { PolicyError, type PolicyIssue } from './errors.ts'
import {
  checkSize,
  issueAt,
  type ParsedPolicy,
  type Place,
  type PlacedPolicy,
  type PolicySource,
  parsePolicies,
  withinStack,
} from './parse.ts'
import { positionsIn } from './source.ts'

export interface PolicySources {
  readonly policies: readonly PolicySource[]
  /** in Cedar's syntax, or in JSON when its name ends in `.json` */
  readonly schema?: PolicySource | undefined
}

export interface CheckedPolicies {
  readonly policies: readonly ParsedPolicy[]
  /** what Cedar's validator finds odd but not wrong, such as a policy that can never apply */
  readonly warnings: readonly PolicyIssue[]
  readonly schema?: SchemaJson<string>
}

/**
 * Parses policies; with a schema they are validated strictly. All that is wrong is reported at once, one stage at a time.
 *
 * @throws PolicyError 'syntax', 'invalid', 'duplicate' or 'too_complex'
 */
export function checkPolicies({ policies, schema }: PolicySources): CheckedPolicies {
  checkSize(schema === undefined ? policies : [...policies, schema])
  const placed = parsePolicies(policies)
  const declared = schema === undefined ? { warnings: [] } : validate(placed, schema)
  return { policies: placed.map(({ parsed }) => parsed), ...declared }
}

function validate(
  policies: readonly PlacedPolicy[],
  { name, text }: PolicySource,
): Required<Pick<CheckedPolicies, 'warnings' | 'schema'>> {
  const schemaPlace: Place = { file: name, statement: { text, start: 0 }, at: positionsIn(text) }
  const places = new Map(policies.map(({ parsed, place }) => [parsed.policy.id, place]))
  const texts = Object.fromEntries(policies.map(({ parsed, place }) => [parsed.policy.id, place.statement.text]))
  const toIssue = ({ policyId, ...complaint }: PolicyComplaint) =>
    issueAt(places.get(policyId) ?? schemaPlace, policyId, complaint)

  const schema = name.endsWith('.json') ? parseJsonSchema(schemaPlace) : text
  const answer = withinStack(schemaPlace, '', () => validatePolicies(texts, schema))
  if (!answer.ok) {
    throw new PolicyError(
      'syntax',
      answer.complaints.map((complaint) => issueAt(schemaPlace, '', complaint)),
    )
  }
  const { errors, warnings } = answer.value
  if (errors.length > 0) throw new PolicyError('invalid', errors.map(toIssue).sort(byPlace))
  return {
    warnings: warnings.map(toIssue).sort(byPlace),
    schema: withinStack(schemaPlace, '', () => schemaToJson(schema)),
  }
}

function parseJsonSchema(place: Place): Parameters<typeof schemaToJson>[0] {
  try {
    return JSON.parse(place.statement.text)
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON'
    throw new PolicyError('syntax', [issueAt(place, '', { message })])
  }
}

function byPlace(a: PolicyIssue, b: PolicyIssue): number {
  return a.file.localeCompare(b.file, 'en') || a.line - b.line || a.column - b.column
}
