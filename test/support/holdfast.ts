// Runs the real program for tests: a process, a data folder of its own, and what it printed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const program = join(root, 'bin', 'holdfast')

export interface RunningHoldfast extends RunningGateway {
  readonly upstream: string
  readonly key: string
}

export interface RunningGateway {
  readonly process: ChildProcess
  readonly gateway: string
  readonly data: string
  readonly pid: number
  /** Of health and metrics, where the configuration has such a listener. */
  readonly operations?: string
  /** Everything it has written so far. */
  stdout(): string
  stderr(): string
  /** Sends a signal and waits for the exit; returns the exit code, null after SIGKILL. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `holdfast up --json` on free ports. */
export function startHoldfast(data: string, ...args: string[]): Promise<RunningHoldfast> {
  return startCommand([program, 'up', '--json', '--port', '0', '--data', data, ...args])
}

/** The same, run by another program such as strace. */
export function startHoldfastUnder(wrapper: readonly string[], data: string, ...args: string[]) {
  return startCommand([...wrapper, program, 'up', '--json', '--port', '0', '--data', data, ...args])
}

/** `holdfast serve --json` with the holdfast.yaml of a folder. */
export function startServe(
  cwd: string,
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = [],
): Promise<RunningGateway> {
  return startCommand([program, 'serve', '--json', ...args], { cwd, env: { ...process.env, ...env } })
}

/** Any command line that ends in one of the two above, wherever the program was installed. */
export async function startCommand(
  [command = '', ...args]: readonly string[],
  { fd, ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; fd?: number } = {},
): Promise<RunningHoldfast> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe', fd ?? 'ignore'] })
  if (child.stdout === null || child.stderr === null) throw new Error('no output to read')
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString('utf8')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const exited = once(child, 'close')
  const line = once(createInterface({ input: child.stdout }), 'line')
  const first = await Promise.race([line, exited])
  if (typeof first[0] !== 'string') throw new Error(`holdfast ended before it was ready:\n${errors}`)
  const ready = JSON.parse(first[0])
  return {
    ...ready,
    process: child,
    stdout: () => output,
    stderr: () => errors,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) process.kill(ready.pid, signal)
      await exited
      return child.exitCode
    },
  }
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export function holdfast(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  return run(program, args, options)
}

/** Runs a line in a shell, as somebody who pasted it. */
export function shell(line: string, cwd: string): Promise<CommandResult> {
  return run('sh', ['-c', line], { cwd })
}

async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(test: { after(cleanUp: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The processes that a process has started and that still run; from /proc, so on Linux only. */
export function childrenOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
  )
  return children.filter((child) => child !== '' && isRunning(Number(child))).map(Number)
}

/** False for a process that has ended, also for one that was not yet waited for: it has no command line any more. */
export function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}
