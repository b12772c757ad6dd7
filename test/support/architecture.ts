// The rules of the house, as a function over source texts, so that the rules themselves can be tested.

export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Which floor a room is on; a room imports only lower floors (DESIGN: the house). */
const floors: Readonly<Record<string, number>> = {
  commands: 10,
  server: 9,
  gateway: 8,
  api: 8,
  comply: 7,
  respond: 6,
  harden: 6,
  awareness: 6,
  registry: 5,
  monitor: 5,
  redteam: 5,
  artifacts: 4,
  supply: 4,
  posture: 4,
  segments: 4,
  privacy: 4,
  identity: 3,
  policy: 3,
  limits: 3,
  wire: 3,
  inspect: 3,
  findings: 2,
  inventory: 1,
  audit: 1,
  backup: 2,
  store: 0,
  crypto: 0,
  config: 0,
}

/** What sources may name beyond src/, seen from there. */
const outside: ReadonlySet<string> = new Set(['../package.json', '../bin/holdfast'])

/** Every breach of the rules, a sentence each, in the order of the files. */
export function violations(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map((file) => file.path))
  const edges = new Map<string, string[]>()
  const found: string[] = []
  for (const file of files) {
    const room = roomOf(file.path)
    if (room !== undefined && floors[room] === undefined) found.push(`${file.path}: no room of that name in the design`)
    const inside: string[] = []
    for (const specifier of importsOf(file.text)) {
      const problem = judge(file.path, specifier)
      if (problem !== undefined) found.push(`${file.path}: ${problem}`)
      const target = specifier.startsWith('.') ? resolve(file.path, specifier) : undefined
      if (target !== undefined && known.has(target)) inside.push(target)
    }
    edges.set(file.path, inside)
  }
  return [...found, ...circles(edges)]
}

function judge(path: string, specifier: string): string | undefined {
  const room = roomOf(path)
  if (specifier.startsWith('#')) {
    const [target = '', ...rest] = specifier.slice(1).split('/')
    if (rest.length > 0) return `side door '${specifier}'; import '#${target}'`
    if (room === undefined) return undefined
    return mayImport(room, target)
  }
  if (!specifier.startsWith('.')) return undefined
  const file = resolve(path, specifier)
  const target = roomOf(file)
  // main.ts is the street: it opens the commands by name and belongs to no room.
  if (room === undefined || target === room) return undefined
  if (file.startsWith('../test/support/') && path.endsWith('.test.ts')) return undefined
  if (file.startsWith('../')) return outside.has(file) ? undefined : `imports '${specifier}' from outside every room`
  return `side door '${specifier}'; import '#${target}'`
}

function mayImport(room: string, target: string): string | undefined {
  const from = floors[room]
  const to = floors[target]
  if (to === undefined) return `imports '#${target}', which is no room of the design`
  if (from === undefined || to < from) return undefined
  return `${room} (floor ${from}) may not import ${target} (floor ${to})`
}

/** The specifiers of static imports, re-exports, dynamic imports with a literal, and worker files. */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '')
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)(['"])([^'"\n]+)\1/g
  return [...code.matchAll(pattern)]
    .map((match) => match[2] ?? '')
    .filter((name) => name.startsWith('.') || name.startsWith('#'))
}

function roomOf(path: string): string | undefined {
  const slash = path.indexOf('/')
  return slash < 0 ? undefined : path.slice(0, slash)
}

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}

/** Each circle once, from the file that is first in it. */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      found.push(`circle: ${[...trail.slice(start), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}
