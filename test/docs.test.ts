// The documentation is true: its commands, its configuration keys and defaults, and its error codes are the program's.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import type { z } from 'zod'
import { durationMs, jsonSchemaOf, sizeBytes } from '#config'
import { settingsSchema } from '#server'
import { type Command, codeBlocks, commandsIn, tableRows } from './support/markdown.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', ...readdirSync(join(root, 'docs'), 'utf8').map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
)

test('every command in the documentation is one that the program has, with options that it has', async () => {
  const used = pages.flatMap((page) =>
    codeBlocks(read(page), ['sh', 'console']).flatMap(({ language, text }) =>
      commandsIn(text, language === 'console').map((command) => ({ page, command })),
    ),
  )
  assert.ok(used.length > 20, 'the commands were found')
  const names = [...new Set(used.map(({ command }) => command.name))]
  const helps = new Map(await Promise.all(names.map(async (name) => [name, await helpOf(name)] as const)))
  const wrong = used.flatMap(({ page, command }) =>
    whatIsWrong(command, helps.get(command.name)).map((reason) => `${page}: holdfast ${command.text}: ${reason}`),
  )
  assert.deepEqual(wrong, [])
})

test('a command or an option that does not exist is named', () => {
  const [unknown, verb, option] = commandsIn(
    'holdfast fly --high\nA=1 bin/holdfast keys forge | tee x\nholdfast keys list --colour',
    false,
  )
  const help = '  holdfast keys create --name NAME\n  holdfast keys list\n'
  assert.ok(unknown && verb && option)
  assert.deepEqual(whatIsWrong(unknown, undefined), ['no such command'])
  assert.deepEqual(whatIsWrong(verb, help), ["no such verb 'forge'"])
  assert.deepEqual(whatIsWrong(option, help), ["no such option '--colour'"])
})

/** The help of a command; undefined when there is no such command. */
async function helpOf(name: string): Promise<string | undefined> {
  const run = promisify(execFile)(join(root, 'bin', 'holdfast'), [name, '--help'])
  return run.then(
    ({ stdout }) => stdout,
    () => undefined,
  )
}

function whatIsWrong({ name, words, options }: Command, help: string | undefined): string[] {
  if (help === undefined) return ['no such command']
  const verbs = new Set(
    Array.from(help.matchAll(new RegExp(`^ {2}holdfast ${name} ([a-z][a-z-]*)`, 'gm')), ([, verb]) => verb),
  )
  const [verb] = words
  const badVerb = verbs.size > 0 && !(verb !== undefined && verbs.has(verb)) ? [`no such verb '${verb}'`] : []
  const known = new Set(help.match(/(?<![\w-])--?[a-z][a-z-]*/g))
  return [
    ...badVerb,
    ...options
      .filter((option) => option !== '--help' && !known.has(option))
      .map((option) => `no such option '${option}'`),
  ]
}

interface SchemaNode {
  readonly node: z.core.JSONSchema.JSONSchema
  readonly isRequired: boolean
}

const configuration = read('docs/configuration.md')
const schema = jsonSchemaOf(settingsSchema)
const documented = tableRows(configuration, 'Key').map(([key = '', , byDefault = '']) => ({
  key: unquoted(key),
  byDefault: unquoted(byDefault),
}))

test('every configuration key in the documentation exists, and every one that exists is documented', () => {
  const keys = documented.map(({ key }) => key)
  assert.deepEqual(
    keys.filter((key) => find(key) === undefined),
    [],
    'documented and not in the schema',
  )
  // The other rates have the same three keys.
  const missing = leavesOf(schema).filter(
    (key) => !keys.includes(key) && !/^limits\.rates\.(?:principal|tenant|route)\./.test(key),
  )
  assert.deepEqual(missing, [], 'in the schema and not documented')
})

test('every default in the documentation is the one that the program takes', () => {
  const settings = settingsSchema.parse({
    upstreams: [{ name: 'a', url: 'https://api.example.com/v1' }],
    policy: { folder: '.' },
    api: {},
    operations: {},
    identity: { issuers: [{ issuer: 'https://a.example', audience: 'a', jwks: { url: 'https://a.example/keys' } }] },
  })
  const effective: unknown = JSON.parse(JSON.stringify(settings))
  for (const { key, byDefault } of documented) {
    const found = find(key)
    if (byDefault === 'required') assert.equal(found?.isRequired, true, `${key} is required`)
    else if (byDefault === 'none') {
      assert.equal(found?.node.default, undefined, `${key} has no default`)
      assert.equal(found?.isRequired, false, `${key} is not required`)
    } else {
      assert.deepEqual(amount(parse(byDefault)), amount(valueAt(effective, key)), `the default of ${key}`)
      if (found?.node.default !== undefined && !isEmptyObject(found.node.default))
        assert.deepEqual(parse(byDefault), found.node.default, `the default of ${key} in the schema`)
    }
  }
})

test('every example of a configuration has only keys that exist', () => {
  const examples = pages.flatMap((page) => codeBlocks(read(page), ['yaml']))
  assert.ok(examples.length > 2, 'the examples were found')
  const named = examples.flatMap(({ text }) => keysOf(parse(text)))
  assert.deepEqual(
    named.filter((key) => find(key) === undefined),
    [],
  )
})

/** The schema of `upstreams[].timeouts.connect`; undefined when there is no such key. */
function find(key: string): SchemaNode | undefined {
  let found: SchemaNode | undefined = { node: schema, isRequired: false }
  for (const name of key.replaceAll('[]', '.[]').split(/\.(?=[^.])/)) found = found && childrenOf(found.node).get(name)
  return found
}

function childrenOf(node: z.core.JSONSchema.JSONSchema): Map<string, SchemaNode> {
  const children = new Map<string, SchemaNode>()
  for (const [name, child] of Object.entries(node.properties ?? {}))
    if (typeof child === 'object')
      children.set(name, { node: child, isRequired: node.required?.includes(name) ?? false })
  if (typeof node.items === 'object' && !Array.isArray(node.items))
    children.set('[]', { node: node.items, isRequired: false })
  return children
}

/** Every key that takes a value: no group of keys, and no plain item of a list. */
function leavesOf(node: z.core.JSONSchema.JSONSchema, path = ''): string[] {
  const children = [...childrenOf(node)].filter(([name, child]) => name !== '[]' || childrenOf(child.node).size > 0)
  if (children.length === 0) return [path]
  return children.flatMap(([name, child]) =>
    leavesOf(child.node, path === '' ? name : name === '[]' ? `${path}[]` : `${path}.${name}`),
  )
}

/** The keys of a document, as far as the schema names its keys: below that they are the user's own. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, `${path}[]`))
  if (typeof value !== 'object' || value === null) return []
  const isOpen = path !== '' && find(path)?.node.properties === undefined
  if (isOpen) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const key = path === '' ? name : `${path}.${name}`
    return [key, ...keysOf(child, key)]
  })
}

function valueAt(value: unknown, key: string): unknown {
  const names = key.replaceAll('[]', '.0').split('.')
  return names.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  )
}

/** Durations and sizes as numbers, everywhere in a value. */
function amount(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(amount)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, amount(inner)]))
  for (const unit of [durationMs, sizeBytes]) {
    const read = unit.safeParse(value)
    if (read.success) return read.data
  }
  return value
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function unquoted(cell: string): string {
  return cell.replace(/^`+ ?| ?`+$/g, '')
}

const codeRows = tableRows(read('docs/gateway.md'), 'Code').flatMap(([code = '', status = '', meaning = '']) => ({
  code: unquoted(code),
  statuses: `${status} ${meaning}`,
}))
let refusals: { code: string; status: string | undefined }[] = []

before(() => {
  refusals = refusalsIn([
    ...sourcesIn('src/gateway'),
    ...sourcesIn('src/gateway/stages'),
    ...sourcesIn('src/gateway/answer'),
  ])
  refusals.push(...unionIn('src/wire/errors.ts').map((code) => ({ code, status: undefined })))
  // `aborted` is what our own giving up looks like: nobody is left to be told.
  const upstream = unionIn('src/gateway/upstreams/error.ts').filter((code) => code !== 'aborted')
  refusals.push(...upstream.map((code) => ({ code: `upstream_${code}`, status: undefined })))
})

test('every error code in the documentation occurs in the sources, and every one there is documented', () => {
  const inSources = new Set(refusals.map(({ code }) => code))
  const inDocs = codeRows.map(({ code }) => code)
  assert.ok(inSources.size > 40, 'the codes were found')
  assert.deepEqual(inDocs.toSorted(), [...new Set(inDocs)].sort(), 'each code once')
  assert.deepEqual([...inSources].sort(), inDocs.toSorted())
})

test('every error code is documented with its status', () => {
  const wrong = refusals.filter(
    ({ code, status }) =>
      status !== undefined && !codeRows.some((row) => row.code === code && row.statuses.includes(status)),
  )
  assert.deepEqual(wrong, [])
})

test('every code of the management API is documented, with its status', () => {
  const documentedCodes = tableRows(read('docs/api.md'), 'Code').map(([code = '', status = '']) => [
    unquoted(code),
    status,
  ])
  const statuses = Array.from(
    read('src/api/error.ts').matchAll(/^ {2}(\w+): \{ status: (\d{3})/gm),
    ([, ...row]) => row,
  )
  assert.deepEqual(documentedCodes.toSorted(), statuses.toSorted())
  assert.deepEqual(statuses.map(([code]) => code).toSorted(), unionIn('src/api/error.ts').toSorted())
})

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), 'utf8')
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => read(join(folder, name)))
}

/** The codes in the ways in which the gateway's sources write a refusal. */
function refusalsIn(sources: readonly string[]): { code: string; status: string | undefined }[] {
  const text = sources.join('\n')
  const withStatus = [
    ...text.matchAll(/\b(?:refusal|refusalOf)\(\s*(?<status>\d{3}),\s*'(?<code>\w+)'/g),
    ...text.matchAll(/\bstatus: (?<status>\d{3}),\s*code: '(?<code>\w+)'/g),
  ]
  const withoutStatus = [
    ...text.matchAll(/\bbadRequest\(\s*'(?<code>\w+)'/g),
    ...text.matchAll(/\bbadAnswer\(\s*'(?<code>\w+)'/g),
    ...text.matchAll(/\bcode: '(?<code>\w+)'/g),
    ...text.matchAll(/^ {2}(?:injection|secret|personal|canary): '(?<code>\w+)'/gm),
    ...text.matchAll(/\?\? '(?<code>\w+_blocked)'/g),
  ]
  return [...withStatus, ...withoutStatus].map(({ groups }) => ({
    code: groups?.code ?? '',
    status: groups?.status,
  }))
}

/** The members of the union of codes in a file. */
function unionIn(path: string): string[] {
  const codes = Array.from(read(path).matchAll(/^ {2}\| '(\w+)'$/gm), ([, code = '']) => code)
  assert.ok(codes.length > 5, `the codes in ${path} were found`)
  return codes
}
