// Reads what `strace -f -y` writes: the system calls of a process and its threads, each with its place in the order.

export interface SystemCall {
  readonly name: string
  /** As strace prints them; strings as they were, except for escapes. */
  readonly args: string
  readonly result: string
  /** Lines at which it began and at which it returned: a call that overlaps others is on two lines. */
  readonly began: number
  readonly returned: number
}

/** The calls in the order in which they began; those that never returned are left out. */
export function parseTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = []
  const open = new Map<string, { name: string; args: string; began: number }>()
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? []
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/s.exec(rest)
    const begun = resumed === null ? /^(\w+)\((.*)$/s.exec(rest) : null
    const call = resumed === null ? { name: begun?.[1] ?? '', args: '', began: at } : open.get(thread)
    const text = resumed?.[2] ?? begun?.[2]
    if (call === undefined || text === undefined) continue
    open.delete(thread)
    const unfinished = /^(.*) <unfinished \.\.\.>$/s.exec(text)
    if (unfinished !== null) open.set(thread, { ...call, args: call.args + unfinished[1] })
    const [, args, result] = unfinished === null ? (/^(.*)\)\s+= (.*)$/s.exec(text) ?? []) : []
    if (result !== undefined) calls.push({ ...call, args: call.args + args, result, returned: at })
  }
  return calls.sort((a, b) => a.began - b.began)
}

/** The path that strace put behind the file descriptor in the first argument: `25</data/log/journal.0>`. */
export function pathOf({ args }: SystemCall): string | undefined {
  return /^\d+<([^>]*)>/.exec(args)?.[1]
}
