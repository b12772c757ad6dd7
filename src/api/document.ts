// The OpenAPI 3.1 document, made from the operations themselves: it cannot say anything else than what is served.
import { z } from 'zod'
import { apiErrors } from './error.ts'
import type { Resource } from './permissions.ts'
import { problemMediaType } from './problem.ts'
import type { AnswerDescription, Route } from './route.ts'

type Json = Record<string, unknown>

export interface DocumentOptions {
  /** Of the program. */
  readonly version: string
  readonly routes: readonly Route[]
  /** What has a name in `components/schemas`. */
  readonly schemas: Readonly<Record<string, z.ZodType>>
}

export const prefix = '/api/v1'

export function openApiDocument({ version, routes, schemas }: DocumentOptions): Json {
  const nameOf = new Map(Object.entries(schemas).map(([name, schema]) => [schema, name]))
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = `${prefix}${route.path}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, nameOf) }
  }
  const tags = [...new Set(routes.map(({ resource }) => resource))]
  return {
    openapi: '3.1.1',
    info: {
      title: 'Holdfast management API',
      version,
      summary: 'Keys, findings, actions, assets, budgets, the log, and the admission of files.',
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document was served from.' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: tags.map((name) => ({ name, description: tagDescriptions[name] })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key (`hold_…`), or a JWT of a configured issuer.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
      },
      schemas: namedJsonSchemas(schemas),
      responses: problemResponses(),
    },
  }
}

const introduction = `All of it needs a credential, and the Cedar policies of the installation decide what each may do: actions \`read\`, \`scan\` and \`administer\` on resources such as \`Holdfast::Api::"findings"\`. Every call is in the log; a change is there, durably, before it is made.

Times are milliseconds since the epoch. A member that is missing is not known. Every refusal is \`application/problem+json\` (RFC 9457): branch on \`code\`. New members may come into answers, and new values into enumerations; nothing else changes under \`/api/v1\`.`

const tagDescriptions: Readonly<Record<Resource, string>> = {
  document: 'This document.',
  keys: 'API keys: who may ask.',
  findings: 'What is wrong.',
  actions: 'What was done about it.',
  budgets: 'What is spent.',
  assets: 'What is worth protecting.',
  events: 'What happened.',
  log: 'Proof of what happened.',
  exchanges: 'What happened in one exchange with a model.',
  scans: 'Whether a file may come in.',
}

/** Refusals that every operation has. */
const everywhere = [400, 401, 403, 421, 429, 431, 500, 503] as const

function operationOf(route: Route, nameOf: ReadonlyMap<z.ZodType, string>): Json {
  const { operationId, resource, action, summary, description, answers, problems = [] } = route
  const bodyProblems = route.method === 'POST' ? [408, 413, 415] : []
  const refusals = [...new Set([...everywhere, ...bodyProblems, ...problems])].toSorted((a, b) => a - b)
  const parameters = [
    ...parametersOf('path', route.params),
    ...parametersOf('query', route.query),
    ...parametersOf('header', route.headers),
  ]
  return {
    operationId,
    tags: [resource],
    summary,
    description: `${description}\n\nPolicy: \`Holdfast::Action::"${action}"\` on \`Holdfast::Api::"${resource}"\`.`,
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && { requestBody: bodyOf(route, route.body) }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, nameOf)])),
      ...Object.fromEntries(refusals.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }])),
    },
  }
}

function bodyOf({ takesBytes, bodyExample }: Route, schema: z.ZodType): Json {
  const json = { 'application/json': { schema: inputSchema(schema), example: bodyExample } }
  const bytes = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  return { required: true, content: { ...json, ...(takesBytes === true && bytes) } }
}

/** `content-length` and the like are every client's own business. */
const ownHeaders = new Set(['content-length'])

function parametersOf(place: 'path' | 'query' | 'header', shape: z.ZodObject | undefined): Json[] {
  return Object.entries(shape?.shape ?? {})
    .filter(([name]) => !ownHeaders.has(name))
    .map(([name, field]) => {
      const { description, ...schema } = inputSchema(field)
      const isRequired = place === 'path' || !z.safeParse(field, undefined).success
      return { name, in: place, required: isRequired, description, schema }
    })
}

function answerOf({ description, content, example }: AnswerDescription, nameOf: ReadonlyMap<z.ZodType, string>): Json {
  if ('mediaType' in content)
    return {
      description,
      headers,
      content: { [content.mediaType]: { schema: { type: 'string' }, example: content.example } },
    }
  const name = nameOf.get(content)
  if (name === undefined) throw new Error(`an answer has a schema without a name: ${description}`)
  const schema = { $ref: `#/components/schemas/${name}` }
  return {
    description,
    headers,
    content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
  }
}

const headers = {
  'x-request-id': { description: 'Id of this request, as the log has it.', schema: { type: 'string' } },
  ratelimit: { description: 'What is left of the rate of this key.', schema: { type: 'string' } },
}

function problemResponses(): Json {
  const byStatus = Map.groupBy(Object.entries(apiErrors), ([, { status }]) => status)
  const responses = Array.from(byStatus, ([status, kinds]) => {
    const description = kinds.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' ')
    const schema = { $ref: '#/components/schemas/Problem' }
    return [`Problem${status}`, { description, content: { [problemMediaType]: { schema } } }] as const
  })
  return Object.fromEntries(responses)
}

/** Of what is sent: what has a default may be left out. */
function inputSchema(schema: z.ZodType): Json {
  return bare(z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }))
}

function namedJsonSchemas(schemas: Readonly<Record<string, z.ZodType>>): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id })
  const { schemas: named } = z.toJSONSchema(registry, {
    target: 'draft-2020-12',
    io: 'output',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  })
  return Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, bare(schema)]))
}

function bare({ $schema, $id, ...schema }: Json): Json {
  return schema
}
