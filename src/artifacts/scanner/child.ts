// One sandboxed child, seen from its parent: started under Node's permission model, fed with the bytes that it asks
// for, watched over, and killed when it takes too long, takes too much memory or says what no child says.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ArtifactError } from '../error.ts'
import type { FileReport } from '../scan.ts'
import type { Content } from './content.ts'
import { decodeRead, encodeJob, type Frame, frameHead, frameReader, fromChild, toChild } from './frames.ts'
import { type JobSettings, readReport } from './job.ts'

export interface SandboxSettings {
  /** The Node to run, as `process.execPath`. */
  readonly node: string
  /** Import conditions of this program, such as `holdfast-source`. */
  readonly conditions: readonly string[]
  /** Where compiled code is kept from one start to the next; undefined when nowhere. */
  readonly compileCache: string | undefined
  /** Resident bytes of a child, beyond which it is killed. Read on Linux; elsewhere only the heap is bounded. */
  readonly memoryBytes: number
}

/** How a job ended. `died` says why there is no report; the child is gone then. */
export type JobOutcome = { readonly report: FileReport } | { readonly died: string }

export interface SandboxedChild {
  /** One job at a time. Never rejects. */
  run(settings: JobSettings, content: Content): Promise<JobOutcome>
  readonly isAlive: boolean
  close(): void
}

/** What a child gets beyond the limit of its job, ms, at most: it should have noticed itself. */
const graceMs = 5_000
const startMs = 60_000
const watchMs = 50

interface Job {
  readonly settings: JobSettings
  readonly content: Content
  finish(outcome: JobOutcome): void
}

export function startChild(sandbox: SandboxSettings): SandboxedChild {
  const child = spawn(sandbox.node, sandboxArguments(sandbox), {
    // None of our variables: they hold tokens. And no code that a variable of Node's would load.
    env: {
      MALLOC_ARENA_MAX: '1',
      ...(sandbox.compileCache === undefined ? {} : { NODE_COMPILE_CACHE: sandbox.compileCache }),
    },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  })
  let job: Job | undefined
  let isAlive = true
  let deadline: NodeJS.Timeout | undefined
  let stopWatching = () => {}
  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => {})

  const end = (why: string) => {
    if (isAlive) child.kill('SIGKILL')
    isAlive = false
    // What it may have started, against all odds, must not keep on talking to us.
    child.stdin.destroy()
    child.stdout.destroy()
    clearTimeout(deadline)
    stopWatching()
    ready.reject(new ArtifactError('unreadable', why))
    const unfinished = job
    job = undefined
    unfinished?.finish({ died: why })
  }
  const startTimer = setTimeout(() => end('the sandbox did not start'), startMs)

  const onFrame = ({ kind, payload }: Frame) => {
    if (kind === fromChild.ready && payload.length === 0) {
      clearTimeout(startTimer)
      ready.resolve()
      return
    }
    if (job === undefined) throw new ArtifactError('malformed', 'a message outside of a job')
    if (kind === fromChild.read) serve(job, payload)
    else if (kind === fromChild.result) conclude(job, payload)
    else throw new ArtifactError('malformed', 'a message of an unknown kind')
  }

  const serve = (current: Job, payload: Buffer) => {
    const { offset, length } = decodeRead(payload, current.content.size)
    current.content.read(offset, length).then(
      (bytes) => job === current && tell(toChild.block, bytes),
      (error) => job === current && tell(toChild.unreadable, Buffer.from(reasonOf(error))),
    )
  }

  const conclude = (current: Job, payload: Buffer) => {
    const report = readReport(payload, current.settings.path)
    if (report === undefined) throw new ArtifactError('malformed', 'a report that is none')
    clearTimeout(deadline)
    job = undefined
    current.finish({ report })
  }

  const tell = (kind: number, payload: Uint8Array) => {
    child.stdin.write(Buffer.concat([frameHead(kind, payload.length), payload]))
  }

  const receive = frameReader(onFrame)
  child.stdout.on('data', (piece: Buffer) => {
    if (!isAlive) return
    try {
      receive(piece)
    } catch {
      end('the scanning process broke the protocol')
    }
  })
  child.on('error', () => end('the sandbox could not be started'))
  child.on('close', (code, signal) => {
    clearTimeout(startTimer)
    end(`the scanning process ended: ${signal ?? `exit code ${code}`}`)
  })
  // Its end is told by 'close'.
  child.stdin.on('error', () => {})
  stopWatching = watchMemory(child, sandbox.memoryBytes, () =>
    end(`limit reached: more than ${sandbox.memoryBytes} bytes of memory`),
  )

  return {
    get isAlive() {
      return isAlive
    },
    async run(settings, content) {
      try {
        await ready.promise
        const head = await content.read(0, content.headBytes)
        if (!isAlive) return { died: 'the scanning process ended' }
        return await new Promise<JobOutcome>((finish) => {
          job = { settings, content, finish }
          const { timeMs } = settings.limits
          deadline = setTimeout(() => end(`limit reached: more than ${timeMs} ms`), timeMs + Math.min(timeMs, graceMs))
          tell(toChild.job, encodeJob(JSON.stringify(settings), head))
        })
      } catch (error) {
        return { died: reasonOf(error) }
      }
    },
    close() {
      clearTimeout(startTimer)
      end('closed')
    },
  }
}

/** No network, child process, worker, add-on, WASI or inspector; reading and writing end before the first file comes. */
export function sandboxArguments({ conditions, compileCache, memoryBytes }: SandboxSettings): string[] {
  const program = fileURLToPath(
    new URL(`./sandboxed${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  )
  return [
    '--permission',
    ...programFolders().map((folder) => `--allow-fs-read=${folder}`),
    ...(compileCache === undefined ? [] : [`--allow-fs-read=${compileCache}`, `--allow-fs-write=${compileCache}`]),
    '--disallow-code-generation-from-strings',
    '--no-addons',
    `--max-old-space-size=${Math.floor(memoryBytes / 1024 ** 2)}`,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    ...conditions.map((condition) => `--conditions=${condition}`),
    program,
  ]
}

/** Where the code of this program and of the packages that it uses lies: no folder with anybody's data. */
function programFolders(): string[] {
  const rooms = dirname(dirname(import.meta.dirname))
  const folders = [rooms, join(dirname(rooms), 'package.json')]
  for (let folder = rooms; dirname(folder) !== folder; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules')
    // By both names where it is a link: each is asked for.
    if (existsSync(packages)) folders.push(packages, realpathSync(packages))
  }
  return folders
}

function watchMemory({ pid }: ChildProcess, limit: number, exceed: () => void): () => void {
  if (pid === undefined || process.platform !== 'linux') return () => {}
  const timer = setInterval(() => {
    const resident = residentBytes(pid)
    if (resident !== undefined && resident > limit) exceed()
  }, watchMs)
  return () => clearInterval(timer)
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

/** Only our own words: another error may quote anything. */
function reasonOf(error: unknown): string {
  return error instanceof ArtifactError ? error.message : 'the file cannot be read'
}
