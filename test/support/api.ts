// The management API of a real process, and a client that believes no answer before the OpenAPI document allows it.
import { ok } from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describeApi } from '#api'
import { explanationSchema } from '#gateway'
import { version } from '#server'
import { type Served, type ServedOptions, startServed } from './served.ts'

export interface TestApi extends Served {
  readonly url: string
  readonly document: OpenApi
  /** A new key with these scopes. */
  keyWith(...scopes: string[]): Promise<string>
  /** Of a key with the scope `admin`. */
  readonly admin: ApiClient
  as(key: string): ApiClient
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown
}

export interface ApiClient {
  get(path: string, headers?: Record<string, string>): Promise<ApiAnswer>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<ApiAnswer>
}

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>

export interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: object
    readonly responses: Readonly<Record<string, { readonly content: Content }>>
  }
}

/** @param yaml  lines below `api:` */
export async function startApi(t: TestContext, yaml = '', options: ServedOptions = {}): Promise<TestApi> {
  const api = `api:\n  listen: { port: 0 }\n${yaml.replaceAll(/^(?=.)/gm, '  ')}\n`
  const served = await startServed(t, { ...options, yaml: `${options.yaml ?? ''}\n${api}` })
  const { api: url } = JSON.parse(served.gateway.stdout().split('\n')[0] ?? '{}')
  const keyWith = async (...scopes: string[]) => {
    const created = await served.control.createKey({
      name: 'k',
      principal: `p-${scopes.join('-')}`,
      tenant: 't',
      scopes,
    })
    return created.secret
  }
  const adminKey = await keyWith('admin')
  // It is held against OpenAPI's own schema in a test of its own.
  const document: OpenApi = JSON.parse(JSON.stringify(await describeApi(version, explanationSchema)))
  const check = answerChecker(document)
  const as = (key: string): ApiClient => {
    const send = async (path: string, init: RequestInit) => {
      const response = await fetch(`${url}${path}`, init)
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      const answer = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
      check(init.method ?? 'GET', path, answer)
      return answer
    }
    const authorization = { authorization: `Bearer ${key}` }
    return {
      get: (path, headers = {}) => send(path, { method: 'GET', headers: { ...authorization, ...headers } }),
      post(path, body, headers = {}) {
        // A string is sent as it is, and so are bytes.
        const isRaw = body instanceof Uint8Array || typeof body === 'string'
        const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json'
        return send(path, {
          method: 'POST',
          headers: { ...authorization, 'content-type': type, ...headers },
          body: isRaw ? (body as string) : JSON.stringify(body),
        })
      },
    }
  }
  return { ...served, url, document, keyWith, admin: as(adminKey), as }
}

/** Fails when an answer is not one that the document says can come. */
export function answerChecker(document: OpenApi): (method: string, path: string, answer: ApiAnswer) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'doc:', ...document })
  const check = (pointer: string, body: unknown) => {
    const validate = ajv.getSchema(`doc:#${pointer}`)
    ok(validate !== undefined, `there is a schema at ${pointer}`)
    ok(validate(body), `${pointer}: ${JSON.stringify(validate.errors?.slice(0, 3))}`)
  }
  return (method, path, { status, headers, body }) => {
    const [type = ''] = (headers.get('content-type') ?? '').split(';')
    const operation = operationAt(document, method, path)
    if (operation === undefined) {
      ok([400, 401, 404, 405, 421, 429, 431].includes(status), `${method} ${path} answers ${status}`)
      return check('/components/schemas/Problem', body)
    }
    const { template, operationId } = operation
    const described = operation.responses[status]
    ok(described !== undefined, `${operationId} may not answer ${status}: ${JSON.stringify(body)}`)
    const escaped = template.replaceAll('~', '~0').replaceAll('/', '~1')
    if (described.$ref !== undefined) {
      ok(type === 'application/problem+json', `${operationId} answers ${status} as ${type}`)
      return check(`/components/responses/Problem${status}/content/application~1problem+json/schema`, body)
    }
    ok(described.content?.[type] !== undefined, `${operationId} may not answer with ${type}`)
    check(
      `/paths/${escaped}/${method.toLowerCase()}/responses/${status}/content/${type.replace('/', '~1')}/schema`,
      body,
    )
  }
}

function operationAt(document: OpenApi, method: string, target: string) {
  const [path = ''] = target.split('?')
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
    const operation = operations[method.toLowerCase()]
    if (pattern.test(path) && operation !== undefined) return { template, ...operation }
  }
  return undefined
}
