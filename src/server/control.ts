// The control socket: how a command reaches the gateway that runs on its data folder. A Unix socket that only
// its owner can connect to, in a folder that only its owner can write to: whoever can connect could as well edit
// the store.
import { existsSync, rmSync } from 'node:fs'
import { createServer, request, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { ArtifactRecord } from '#artifacts'
import { findingStates, severities } from '#findings'
import type { Administration } from './administration.ts'
import { makeSocketFolder, removeSocketFolder, requireOwnSocket, socketOf } from './control-socket.ts'
import { ServerError } from './error.ts'
import type { Operations } from './operations.ts'

const maxBytes = 64 * 1024

const listed = { limit: z.number().optional(), offset: z.number().optional() }
const byId = z.strictObject({ id: z.string() })

const calls = {
  createKey: z.strictObject({
    name: z.string(),
    principal: z.string(),
    tenant: z.string(),
    scopes: z.array(z.string()),
    expiresAt: z.number().optional(),
  }),
  listKeys: z.strictObject({}),
  listBudgets: z.strictObject({}),
  recordBackup: z.strictObject({ id: z.string() }),
  // The inventory and the findings check what is in it.
  recordArtifact: z.custom<ArtifactRecord>((input) => typeof input === 'object' && input !== null),
  revokeKey: z.strictObject({ id: z.string(), reason: z.string(), actor: z.string(), dryRun: z.boolean() }),
  listFindings: z.strictObject({
    state: z.enum(findingStates).optional(),
    minSeverity: z.enum(severities).optional(),
    asset: z.string().optional(),
    rule: z.string().optional(),
    ...listed,
  }),
  showFinding: byId,
  transitionFinding: z.strictObject({
    id: z.string(),
    to: z.enum(findingStates),
    by: z.string(),
    reason: z.string(),
    until: z.number().optional(),
  }),
  listActions: z.strictObject({ kind: z.string().optional(), unfinished: z.boolean().optional(), ...listed }),
  showAction: byId,
  invertAction: z.strictObject({ id: z.string(), actor: z.string(), reason: z.string() }),
  resumeAction: byId,
  reload: z.strictObject({}),
  restart: z.strictObject({}),
  health: z.strictObject({}),
}

/** Serves `administration` and `operations` on the control socket of `data`; returns how to stop. */
export async function serveControl(
  data: string,
  administration: Administration,
  operations: Operations,
): Promise<() => Promise<void>> {
  const path = socketOf(data)
  makeSocketFolder(path, data)
  // A socket left by a killed gateway: the log's lock has shown that nobody listens on it any more.
  rmSync(path, { force: true })
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) incoming.destroy()
      else chunks.push(chunk)
    })
    incoming.on('end', () => {
      carryOut({ ...administration, ...operations }, incoming.url?.slice(1) ?? '', Buffer.concat(chunks)).then(
        (result) => send(response, 200, result),
        (error) => send(response, 400, { message: error instanceof Error ? error.message : String(error) }),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The socket is bound before listen() returns, and is never open to others, not even until a chmod.
    const umask = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(umask)
  })
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    removeSocketFolder(path, data)
  }
}

/** The gateway that runs on `data`; undefined when none does. */
export async function connectControl(data: string): Promise<(Administration & Operations) | undefined> {
  const path = socketOf(data)
  if (!existsSync(path)) return undefined
  requireOwnSocket(path, data)
  const call = async (name: keyof typeof calls, input: object) => ask(path, name, input)
  try {
    await call('listKeys', {})
  } catch (error) {
    if (error instanceof ServerError && error.code === 'control_broken') return undefined
    throw error
  }
  // The far end is this program with this interface; what it sends was typed there.
  return {
    createKey: (input) => call('createKey', input) as ReturnType<Administration['createKey']>,
    listKeys: () => call('listKeys', {}) as ReturnType<Administration['listKeys']>,
    listBudgets: () => call('listBudgets', {}) as ReturnType<Administration['listBudgets']>,
    recordBackup: (input) => call('recordBackup', input) as ReturnType<Administration['recordBackup']>,
    recordArtifact: async (input) => {
      // One finding a call: a call is small.
      await call('recordArtifact', { ...input, findings: [] })
      for (const finding of input.findings) await call('recordArtifact', { ...input, findings: [finding] })
      return {}
    },
    revokeKey: (input) => call('revokeKey', input) as ReturnType<Administration['revokeKey']>,
    listFindings: (filter) => call('listFindings', filter) as ReturnType<Administration['listFindings']>,
    showFinding: (input) => call('showFinding', input) as ReturnType<Administration['showFinding']>,
    transitionFinding: (input) => call('transitionFinding', input) as ReturnType<Administration['transitionFinding']>,
    listActions: (filter) => call('listActions', filter) as ReturnType<Administration['listActions']>,
    showAction: (input) => call('showAction', input) as ReturnType<Administration['showAction']>,
    invertAction: (input) => call('invertAction', input) as ReturnType<Administration['invertAction']>,
    resumeAction: (input) => call('resumeAction', input) as ReturnType<Administration['resumeAction']>,
    reload: () => call('reload', {}) as ReturnType<Operations['reload']>,
    restart: () => call('restart', {}) as ReturnType<Operations['restart']>,
    health: () => call('health', {}) as ReturnType<Operations['health']>,
  }
}

async function carryOut(gateway: Administration & Operations, name: string, body: Buffer): Promise<unknown> {
  const input: unknown = JSON.parse(body.toString('utf8'))
  switch (name) {
    case 'createKey':
      return gateway.createKey(calls.createKey.parse(input))
    case 'listKeys':
      return gateway.listKeys()
    case 'listBudgets':
      return gateway.listBudgets()
    case 'recordBackup':
      return gateway.recordBackup(calls.recordBackup.parse(input))
    case 'recordArtifact':
      return gateway.recordArtifact(calls.recordArtifact.parse(input))
    case 'revokeKey':
      return gateway.revokeKey(calls.revokeKey.parse(input))
    case 'listFindings':
      return gateway.listFindings(given(calls.listFindings.parse(input)))
    case 'showFinding':
      return gateway.showFinding(calls.showFinding.parse(input))
    case 'transitionFinding':
      return gateway.transitionFinding(calls.transitionFinding.parse(input))
    case 'listActions':
      return gateway.listActions(given(calls.listActions.parse(input)))
    case 'showAction':
      return gateway.showAction(calls.showAction.parse(input))
    case 'invertAction':
      return gateway.invertAction(calls.invertAction.parse(input))
    case 'resumeAction':
      return gateway.resumeAction(calls.resumeAction.parse(input))
    case 'reload':
      return gateway.reload('command')
    case 'restart':
      return gateway.restart()
    case 'health':
      return gateway.health()
    default:
      throw new ServerError('control_refused', `the gateway knows no operation '${name}'`)
  }
}

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

/** Without what was left out, as the rooms' filters want it. */
function given<T extends object>(filter: T): Given<T> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Given<T>
}

const refusalSchema = z.object({ message: z.string() })

function ask(path: string, name: string, input: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: path, path: `/${name}`, method: 'POST', timeout: 120_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      // The gateway was killed in the middle of its answer: whether it did what it was asked is not known.
      response.on('error', (error) => reject(brokenOff(error)))
      response.on('end', () => {
        try {
          const result: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
          if (response.statusCode === 200) resolve(result)
          else reject(new ServerError('control_refused', refusalSchema.parse(result).message))
        } catch {
          reject(brokenOff(new Error('its answer is cut off or no JSON')))
        }
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('the gateway does not answer')))
    outgoing.on('error', (error) => reject(brokenOff(error)))
    outgoing.end(JSON.stringify(input))
  })
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.statusCode = status
  response.end(JSON.stringify(value))
}

function brokenOff(error: Error): ServerError {
  return new ServerError('control_broken', `the running gateway broke off: ${error.message}`)
}
