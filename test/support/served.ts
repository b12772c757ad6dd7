// A gateway that runs from a holdfast.yaml, and what can happen to it while it serves.
import { equal } from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { type OcsfEvent, readEntries, verifyLog } from '#audit'
import { connectControl, ensurePolicies } from '#server'
import { type CommandResult, holdfast, type RunningGateway, startServe, temporaryFolder } from './holdfast.ts'
import { chat, chatRequest, sendRaw } from './raw.ts'
import { say, startUpstream, type TestUpstream } from './upstream.ts'

export interface Served {
  readonly cwd: string
  readonly gateway: RunningGateway
  readonly port: number
  readonly upstream: TestUpstream
  /** A good API key. */
  readonly key: string
  readonly keyId: string
  readonly control: NonNullable<Awaited<ReturnType<typeof connectControl>>>
  /** Changes holdfast.yaml as editors do: another file takes its name. */
  edit(change: (yaml: string) => string): void
  /** Writes a file beside it, in the same way. */
  write(name: string, text: string): void
  command(...args: string[]): Promise<CommandResult>
  /** The status that a chat is answered with. */
  status(key?: string): Promise<number>
  /** All entries of the log so far. */
  events(): Promise<OcsfEvent[]>
  /** Resolves with the first entry of a class that is as wanted, once there is one. */
  event(classUid: number, isWanted: (event: OcsfEvent) => boolean): Promise<OcsfEvent>
}

/** A test, or whatever else cleans up at its end. */
interface Cleaner {
  after(cleanUp: () => unknown): void
}

export interface ServedOptions {
  /** Lines of YAML beside `upstreams` and `policy`. */
  readonly yaml?: string
  /** Lines inside the one upstream. */
  readonly upstream?: string
  readonly args?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
  readonly prepare?: (cwd: string) => void
  readonly start?: (cwd: string, args: readonly string[]) => Promise<RunningGateway>
}

export async function startServed(t: Cleaner, options: ServedOptions = {}): Promise<Served> {
  const upstream = await startUpstream(say('All ', 'is ', 'well.'))
  t.after(() => upstream.close())
  const cwd = temporaryFolder(t)
  ensurePolicies(join(cwd, 'policies'))
  const write = (name: string, text: string) => {
    writeFileSync(join(cwd, `${name}.new`), text)
    renameSync(join(cwd, `${name}.new`), join(cwd, name))
  }
  write('holdfast.yaml', yamlOf(upstream.url, options))
  options.prepare?.(cwd)
  const { start = (folder, args) => startServe(folder, {}, args), args = [] } = options
  const gateway = await start(cwd, args)
  t.after(() => gateway.stop('SIGKILL'))
  const data = join(cwd, 'data')
  const control = await connectControl(data)
  if (control === undefined) throw new Error('the gateway has no control socket')
  const { secret, key: record } = await control.createKey({
    name: 'k',
    principal: 'p',
    tenant: 't',
    scopes: ['chat'],
  })
  const events = async () => {
    const found: OcsfEvent[] = []
    for await (const { event } of readEntries({ dir: join(data, 'log') })) if (event !== undefined) found.push(event)
    return found
  }
  const port = Number(new URL(gateway.gateway).port)
  return {
    cwd,
    gateway,
    port,
    upstream,
    key: secret,
    keyId: record.id,
    control,
    edit: (change) => write('holdfast.yaml', change(readFileSync(join(cwd, 'holdfast.yaml'), 'utf8'))),
    write,
    command: (...line) => holdfast([...line, '--config', 'holdfast.yaml'], { cwd }),
    status: async (key = secret) => (await sendRaw(port, chatRequest(key, { lines: ['connection: close'] }))).status,
    events,
    async event(classUid, isWanted) {
      for (;;) {
        const found = (await events()).find((event) => event.class_uid === classUid && isWanted(event))
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

function yamlOf(url: string, { yaml = '', upstream = '', port = 0 }: ServedOptions): string {
  return `${/^listen:/m.test(yaml) ? '' : `listen: { port: ${port} }\n`}upstreams:
  - name: test
    url: ${url}
    allowPrivate: true
${upstream.replaceAll(/^/gm, '    ')}
policy: { folder: policies }
${/^limits:/m.test(yaml) ? '' : 'limits: { rates: { key: { requests: 1000000, per: 1s } } }\n'}${yaml}
`
}

export interface Load {
  /** Resolves with the first answer. */
  readonly begun: Promise<void>
  /** Ends the asking; resolves when every request has been answered. */
  stop(): Promise<LoadResult>
}

export interface LoadResult {
  /** How often each status came; `0` stands for a request without a whole answer. */
  readonly statuses: Readonly<Record<string, number>>
  /** What went wrong with those without. */
  readonly errors: readonly string[]
  /** Ids of the exchanges that were answered, except with `not_recorded`. */
  readonly answered: readonly string[]
}

/** Asks without end, half of the clients on connections of their own for each request, half on ones that stay open. */
export function keepAsking(port: number, key: string, clients = 8): Load {
  const agent = new Agent({ keepAlive: true })
  const statuses: Record<string, number> = {}
  const errors: string[] = []
  const answered: string[] = []
  const begun = Promise.withResolvers<void>()
  let isOver = false
  const ask = async (client: number) => {
    for (let turn = 0; !isOver; turn++) {
      const { status, id, error } = await askOnce(port, key, client % 2 === 0 ? agent : undefined, turn % 3 === 0)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (error !== undefined) errors.push(error)
      if (id !== undefined) answered.push(id)
      begun.resolve()
    }
  }
  const ended = Promise.all(Array.from({ length: clients }, (_, client) => ask(client)))
  return {
    begun: begun.promise,
    async stop() {
      isOver = true
      await ended
      agent.destroy()
      return { statuses, errors, answered }
    },
  }
}

function askOnce(
  port: number,
  key: string,
  agent: Agent | undefined,
  stream: boolean,
): Promise<{ status: number; id?: string | undefined; error?: string }> {
  return new Promise((resolve) => {
    const outgoing = request({
      agent: agent ?? false,
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    const fail = (error: Error) => resolve({ status: 0, error: `${error.message} ${outgoing.reusedSocket}` })
    outgoing.once('error', fail)
    outgoing.once('response', (response) => {
      response.once('error', fail)
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.once('end', () => {
        const isWhole = !stream || response.statusCode !== 200 || text.endsWith('data: [DONE]\n\n')
        if (!isWhole) return resolve({ status: 0, error: 'a stream was cut off' })
        const isRecorded = !text.includes('"not_recorded"')
        resolve({
          status: response.statusCode ?? 0,
          id: isRecorded ? `${response.headers['x-request-id']}` : undefined,
        })
      })
    })
    outgoing.end(JSON.stringify(chat('How are you?', { stream })))
  })
}

/** The log verifies, and every answered exchange has its decision in it. */
export async function requireRecorded(data: string, answered: readonly string[]): Promise<void> {
  const dir = join(data, 'log')
  const { problems } = await verifyLog({ dir })
  equal(JSON.stringify(problems), '[]')
  const decided = new Set<string>()
  for await (const { event } of readEntries({ dir }))
    if (event?.metadata.uid.endsWith('.decision')) decided.add(event.metadata.correlation_uid ?? '')
  equal(answered.filter((id) => !decided.has(id)).join(' '), '', 'answered, and not in the log')
}
