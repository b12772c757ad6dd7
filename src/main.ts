#!/usr/bin/env node
// The command line: finds the command by its name and hands over. Every command is one file in commands/.
import module from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandIo, exitCode, UsageError } from './commands/io.ts'

// Loaded when it is called: most commands need a fraction of the program.
const commands = {
  up: async () => (await import('./commands/up.ts')).up,
  ask: async () => (await import('./commands/ask.ts')).ask,
  init: async () => (await import('./commands/init.ts')).init,
  serve: async () => (await import('./commands/serve.ts')).serve,
  restart: async () => (await import('./commands/restart.ts')).restart,
  health: async () => (await import('./commands/health.ts')).health,
  config: async () => (await import('./commands/config.ts')).config,
  identity: async () => (await import('./commands/identity.ts')).identity,
  keys: async () => (await import('./commands/keys.ts')).keys,
  budgets: async () => (await import('./commands/budgets.ts')).budgets,
  findings: async () => (await import('./commands/findings.ts')).findings,
  actions: async () => (await import('./commands/actions.ts')).actions,
  api: async () => (await import('./commands/api.ts')).api,
  policy: async () => (await import('./commands/policy.ts')).policy,
  explain: async () => (await import('./commands/explain.ts')).explain,
  replay: async () => (await import('./commands/replay.ts')).replay,
  audit: async () => (await import('./commands/audit.ts')).audit,
  store: async () => (await import('./commands/store.ts')).store,
  scan: async () => (await import('./commands/scan.ts')).scan,
}

const help = `holdfast: the layered defence for AI infrastructure, in one program

  holdfast up                     try it: gateway and demo model on loopback, nothing to configure
  holdfast ask TEXT               one chat request through a gateway
  holdfast init                   write a commented holdfast.yaml for your own upstream
  holdfast serve                  run the gateway from holdfast.yaml
  holdfast config check|schema|reload
                                  check a configuration, print its JSON Schema, or let a gateway read it again
  holdfast restart                replace the workers of a gateway, without refusing anybody
  holdfast health                 is a gateway ready for requests
  holdfast keys create|list|revoke
                                  API keys of the people and programs that may ask
  holdfast budgets list|show      what is spent, reserved and left
  holdfast findings list|show|transition
                                  what is wrong, and what people decided about it
  holdfast actions list|show|invert|resume
                                  what was done, and taking it back
  holdfast api openapi            the OpenAPI document of the management API
  holdfast explain ID             what happened in one exchange, and which rule decided
  holdfast policy check|test|decide
                                  check policies, run their tests, ask one question
  holdfast replay                 take the decisions of the last day again, under edited policies
  holdfast identity test-token    would this JWT be let in, and if not, why
  holdfast audit tail|query|verify|prove
                                  read and prove the log
  holdfast store check|migrate|backup|restore
                                  check an installation, back it up while it runs, restore it
  holdfast scan PATH…             what hides in model and data files, before anything loads them

Each takes --help, and --data DIR or --config FILE to say which installation is meant; 'holdfast --version' says
which program this is.
`

// Half of the start is compiling. The cache lies beside the program, never in the shared temporary folder, where
// another user could put code of theirs; where the program cannot write, there is none.
module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/holdfast', import.meta.url)))

// True when whoever read our output has gone, as `head` does after its lines.
let isUnheard = false

process.exitCode = await main(process.argv.slice(2), processIo())

async function main([name, ...args]: string[], io: CommandIo): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout(help)
    return name === undefined ? exitCode.usage : exitCode.ok
  }
  try {
    requireNode()
    if (name === '--version') {
      io.stdout(`holdfast ${(await import('#server')).version}\n`)
      return exitCode.ok
    }
    if (!isCommand(name)) throw new UsageError(`no command '${name}'; see 'holdfast --help'`)
    const command = await commands[name]()
    return await command(args, io)
  } catch (error) {
    if (isUnheard) return exitCode.ok
    io.stderr(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`)
    if (!(error instanceof Error && 'code' in error) && !(error instanceof UsageError))
      io.stderr(`${error instanceof Error ? error.stack : ''}\nThis is a bug in Holdfast; please report it.\n`)
    return exitCode.usage
  }
}

/** An older Node would fail further on, with words that say nothing. Nothing above needs a newer one. */
function requireNode(): void {
  const [major] = process.versions.node.split('.')
  if (Number(major) >= 26) return
  throw new UsageError(`this needs Node 26 or newer, and runs on ${process.version}; https://nodejs.org has it`)
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name)
}

function processIo(): CommandIo {
  const interrupted = new AbortController()
  const stop = () => {
    // A second signal ends the program at once; the log's journal makes that safe.
    process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
    interrupted.abort()
  }
  process.stdout.on('error', (error) => {
    isUnheard = true
    // A gateway and a command that waits stop in order; the others have nothing left to do.
    if (process.listenerCount('SIGINT', stop) > 0) interrupted.abort()
    else if (!interrupted.signal.aborted) process.exit('code' in error && error.code === 'EPIPE' ? 0 : exitCode.usage)
  })
  process.stderr.on('error', () => {})
  return {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    cwd: process.cwd(),
    // From a checkout by its launcher, otherwise by the name that the package manager gave it.
    program: import.meta.url.endsWith('.ts')
      ? fileURLToPath(new URL('../bin/holdfast', import.meta.url))
      : resolve(process.argv[1] ?? 'holdfast'),
    env: (name) => process.env[name],
    now: Date.now,
    isTerminal: (stream) => process[stream].isTTY === true,
    onSignal: (signal, listener) => process.on(signal, listener),
    get signal() {
      // Only a command that asks for the signal takes over Ctrl-C; for the others it keeps its meaning.
      if (process.listenerCount('SIGINT', stop) === 0) process.once('SIGINT', stop).once('SIGTERM', stop)
      return interrupted.signal
    },
  }
}
