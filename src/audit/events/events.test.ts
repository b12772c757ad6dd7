import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ApiActivityInput, apiActivity } from './api-activity.ts'
import { applicationLifecycle } from './application-lifecycle.ts'
import { authentication } from './authentication.ts'
import { detectionFinding } from './detection-finding.ts'
import { entityManagement } from './entity-management.ts'
import type { OcsfEvent } from './event.ts'
import { remediationActivity } from './remediation-activity.ts'

const corpora = process.env.HOLDFAST_CORPORA ?? join(import.meta.dirname, '../../../../shared/corpora')
const schemaFile = join(corpora, 'governance/ocsf/ocsf-1.9.0-dev-selected.json')
const skip = existsSync(schemaFile) ? false : `SKIPPED: there is no ${schemaFile} to check events against`

const base = { time: 1_790_000_000_000, uid: 'event-1', tenant: 'acme', message: 'something happened' }
const actor = { principal: 'user:mia', kind: 'user', keyId: 'key-1', name: 'mia' } as const
const exchange: ApiActivityInput = {
  ...base,
  phase: 'outcome',
  exchange: 'x-1',
  operation: 'chat.completions',
  actor,
  request: { method: 'POST', path: '/v1/chat/completions' },
  responseStatus: 200,
  sourceCommitment: 'ab'.repeat(32),
  model: { name: 'gpt-5', provider: 'openai' },
  upstream: 'main',
  tokens: { prompt: 12, completion: 30 },
  status: 'success',
  action: 'modified',
  rule: 'policy/allow-chat',
  scan: 'scanned',
  verdicts: [
    {
      detector: 'personal/email',
      version: '1',
      category: 'personal',
      kind: 'email',
      action: 'mask',
      score: 1,
      direction: 'request',
      path: '/messages/0/content',
    },
  ],
  latenciesMs: { inspect: 0.4, upstream: 812.5 },
  durationMs: 813.7,
  digests: { request: 'cd'.repeat(32) },
}

const examples: Record<string, OcsfEvent> = {
  api_activity: apiActivity(exchange),
  authentication: authentication({
    ...base,
    activity: 'logon',
    user: actor,
    status: 'failure',
    statusCode: 'expired',
    method: 'api_key',
    sourceCommitment: 'ab',
  }),
  entity_management: entityManagement({
    ...base,
    activity: 'create',
    entity: { uid: 'key-2', type: 'api_key', name: 'ci' },
    actor,
    status: 'success',
    comment: 'for the pipeline',
  }),
  detection_finding: detectionFinding({
    ...base,
    activity: 'create',
    state: 'new',
    severity: 'high',
    finding: {
      uid: 'f-1',
      title: 'Prompt injection',
      rule: 'injection/override',
      firstSeen: base.time,
      lastSeen: base.time,
      techniques: ['AML.T0051'],
      types: ['LLM01:2025'],
    },
    asset: { uid: 'asset-1', type: 'endpoint', name: 'chat' },
    evidence: [{ exchange: 'x-1' }],
    actor,
  }),
  remediation_activity: remediationActivity({
    ...base,
    activity: 'evict',
    status: 'success',
    commandUid: 'action-1',
    description: 'revoke the API key',
    actor,
  }),
  application_lifecycle: applicationLifecycle({
    ...base,
    activity: 'start',
    app: { name: 'Holdfast', version: '0.1.0' },
    status: 'success',
  }),
}

test('class, category and type follow from each other, as OCSF computes them', () => {
  const ids = Object.values(examples).map((event) => [event.class_uid, event.category_uid, event.type_uid])
  deepEqual(ids, [
    [6003, 6, 600301],
    [3002, 3, 300201],
    [3004, 3, 300401],
    [2004, 2, 200401],
    [7001, 7, 700102],
    [6002, 6, 600203],
  ])
  for (const event of Object.values(examples)) {
    equal(event.type_uid, event.class_uid * 100 + event.activity_id)
    equal(event.metadata.version, '1.8.0')
  }
})

test('every event fits its OCSF class: attributes, types, enumerations and constraints', { skip }, () => {
  const schema: Schema = JSON.parse(readFileSync(schemaFile, 'utf8'))
  for (const [name, event] of Object.entries(examples)) {
    const definition = schema.classes[name]
    ok(definition, name)
    equal(event.class_uid, definition.class_uid)
    // As stored: JSON drops what is undefined.
    deepEqual(misfits(schema, definition, JSON.parse(JSON.stringify(event)), name, event.metadata.profiles ?? []), [])
  }
})

test('the check of the test above finds what does not fit', { skip }, () => {
  const schema: Schema = JSON.parse(readFileSync(schemaFile, 'utf8'))
  const definition = schema.classes.api_activity
  ok(definition)
  const broken = {
    ...JSON.parse(JSON.stringify(apiActivity(exchange))),
    api: {},
    severity_id: 42,
    colour: 'red',
    time: 'now',
  }
  deepEqual(misfits(schema, definition, broken, 'event', ['ai_operation', 'security_control']).sort(), [
    'event.api.operation is required',
    'event.colour is not in the class',
    'event.severity_id has no value 42',
    'event.time is not a timestamp_t',
  ])
})

test('an exchange that was not scanned is never a success', () => {
  const event = apiActivity({ ...exchange, scan: 'not_scanned', status: 'success' })
  equal(event.status_id, 99)
  equal(event.status, 'Not scanned')
  equal(apiActivity({ ...exchange, scan: 'not_scanned', status: 'failure' }).status_id, 2)
  equal(apiActivity({ ...exchange, scan: 'not_applicable', status: 'success' }).status_id, 1)
})

test('text that came with a verdict by mistake does not get into the event', () => {
  const leaky = { ...exchange.verdicts?.[0], text: 'mia@example.com', start: 3, end: 18 }
  const verdicts = [leaky] as unknown as ApiActivityInput['verdicts']
  ok(!JSON.stringify(apiActivity({ ...exchange, verdicts })).includes('mia@'))
})

test('an exchange with very many verdicts and very long names still fits one entry of the log', () => {
  const verdict = exchange.verdicts?.[0]
  ok(verdict)
  const event = apiActivity({
    ...exchange,
    verdicts: Array.from({ length: 10_000 }, () => ({ ...verdict, path: '/x'.repeat(5_000) })),
    model: { name: 'm'.repeat(100_000), provider: 'p' },
    request: { method: 'POST', path: `/${'y'.repeat(100_000)}` },
  })
  ok(Buffer.byteLength(JSON.stringify(event)) < 65_535)
  equal(event.unmapped?.holdfast.verdicts_total, 10_000)
})

test('when nobody was identified the actor says so', () => {
  equal(apiActivity({ ...exchange, actor: undefined }).actor?.user.uid, 'unidentified')
})

interface Attribute {
  readonly type: string
  readonly is_array?: boolean
  readonly requirement?: string
  readonly profile?: string | null
  readonly enum?: Record<string, unknown>
}
interface Definition {
  readonly extends?: string
  readonly class_uid?: number
  readonly attributes: Record<string, Attribute>
  readonly constraints?: { readonly at_least_one?: readonly string[] }
}
interface Schema {
  readonly classes: Record<string, Definition>
  readonly objects: Record<string, Definition>
}

const shapes: Record<string, (value: unknown) => boolean> = {
  string_t: (value) => typeof value === 'string',
  username_t: (value) => typeof value === 'string',
  integer_t: (value) => Number.isSafeInteger(value),
  long_t: (value) => Number.isSafeInteger(value),
  timestamp_t: (value) => Number.isSafeInteger(value),
  boolean_t: (value) => typeof value === 'boolean',
}
// The file is of raw definitions: a class does not yet know its own category and class there.
const computed = new Set(['class_uid', 'category_uid', 'type_uid'])

/** What in `value` contradicts the definition. An attribute of a profile counts only where the event claims it. */
function misfits(
  schema: Schema,
  definition: Definition,
  value: Record<string, unknown>,
  at: string,
  profiles: readonly string[],
): string[] {
  const isOpen = (attribute: Attribute) => !attribute.profile || profiles.includes(attribute.profile)
  const found: string[] = []
  // The file leaves out some parents (`_resource`): what they bring cannot be judged.
  const inheritsFromElsewhere =
    (definition.extends ?? 'object') !== 'object' && !schema.objects[definition.extends ?? '']
  for (const [name, attribute] of Object.entries(definition.attributes)) {
    if (attribute.requirement === 'required' && isOpen(attribute) && !(name in value)) {
      found.push(`${at}.${name} is required`)
    }
  }
  const oneOf = definition.constraints?.at_least_one
  if (oneOf && !oneOf.some((name) => name in value)) found.push(`${at} needs one of ${oneOf.join(', ')}`)
  for (const [name, item] of Object.entries(value)) {
    const attribute = definition.attributes[name]
    if (attribute === undefined || !isOpen(attribute)) {
      if (!inheritsFromElsewhere) found.push(`${at}.${name} is not in the class`)
      continue
    }
    if (attribute.is_array === true && !Array.isArray(item)) found.push(`${at}.${name} is not a list`)
    for (const single of attribute.is_array === true && Array.isArray(item) ? item : [item]) {
      const nested = schema.objects[attribute.type]
      if (nested !== undefined) found.push(...misfits(schema, nested, single, `${at}.${name}`, profiles))
      else if (shapes[attribute.type]?.(single) === false) found.push(`${at}.${name} is not a ${attribute.type}`)
      else if (attribute.enum && !computed.has(name) && !(`${single}` in attribute.enum) && single !== 0) {
        found.push(`${at}.${name} has no value ${single}`)
      }
    }
  }
  return found
}
