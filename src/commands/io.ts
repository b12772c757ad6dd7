// What a command may touch of the outside world. main.ts passes the real one; tests pass their own.

export interface CommandIo {
  stdout(text: string): void
  stderr(text: string): void
  readonly cwd: string
  /** Path of the program that was called. */
  readonly program: string
  env(name: string): string | undefined
  now(): number
  /** Whether a person at a terminal reads it. */
  isTerminal(stream: 'stdout' | 'stderr'): boolean
  /** Calls `listener` on each such signal, instead of what the signal does by itself. */
  onSignal(signal: 'SIGHUP' | 'SIGUSR2', listener: () => void): void
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

/** Exit codes of every command: 1 is "checked, and it is not all right". */
export const exitCode = { ok: 0, notAllRight: 1, usage: 2 } as const

/** Bad usage or unreadable input: main.ts prints one line on stderr and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
