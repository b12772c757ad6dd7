// YAML 1.2 text as a tree in which every value knows its place. Stricter than YAML: text keys only, no duplicates,
// no tags or directives outside the core schema, and bounds on size, depth and what aliases expand to.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { ConfigError, type ConfigIssue, formatPath } from './error.ts'

export type Path = readonly PropertyKey[]

/** `offset` is where the value starts in the text; `keyOffset` where its key does. */
export type Tree =
  | { readonly kind: 'map'; readonly offset: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: 'list'; readonly offset: number; readonly items: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly offset: number; readonly value: unknown }

interface Entry {
  readonly keyOffset: number
  readonly value: Tree
}

export interface Source {
  readonly file: string
  readonly root: Tree
  /** An issue at the place where `path` is written, or, when it is not, where it is missing. */
  issue(path: Path, message: string): ConfigIssue
}

export const maxTextBytes = 1024 * 1024
const maxDepth = 64
/** Values after aliases are expanded: above any real configuration, far below a "billion laughs". */
const maxValues = 100_000
const maxIssues = 50

/**
 * @param text the whole file, at most 1 MiB
 * @throws ConfigError `syntax`, never quoting the text, which may hold a secret
 */
export function parseTree(text: string, file: string): Source {
  if (Buffer.byteLength(text) > maxTextBytes) {
    const message = `a configuration has at most ${maxTextBytes} bytes; this one has ${Buffer.byteLength(text)}`
    throw new ConfigError('syntax', file, [{ path: '', line: 1, column: 1, message }])
  }
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false, // they quote the source
    stringKeys: true,
    uniqueKeys: false, // quadratic in the number of keys; done below in linear time
    lineCounter: lines,
  })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refuse = (issues: readonly { offset: number; path: Path; message: string }[]): never => {
    const placed = issues.map(({ offset, path, message }) => ({ path: formatPath(path), ...place(offset), message }))
    throw new ConfigError('syntax', file, placed.slice(0, maxIssues))
  }

  const mistakes = [...document.errors, ...document.warnings]
  if (mistakes.length > 0)
    refuse(mistakes.map((mistake) => ({ offset: mistake.pos[0], path: [], message: explain(mistake) })))
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2') {
    refuse([{ offset: 0, path: [], message: 'only YAML 1.2 is read; remove the %YAML directive' }])
  }
  const root = new TreeBuilder(refuse).build(document)
  return {
    file,
    root,
    issue: (path, message) => ({ path: formatPath(path), ...place(offsetOf(root, path)), message }),
  }
}

/** The value at `path`, or undefined when the document does not go there. */
export function valueAt(root: Tree, path: Path): Tree | undefined {
  let here: Tree | undefined = root
  for (const step of path) here = here && child(here, step)
  return here
}

function child(tree: Tree, step: PropertyKey): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(step))?.value
  return tree.kind === 'list' && typeof step === 'number' ? tree.items[step] : undefined
}

function offsetOf(root: Tree, path: Path): number {
  let here = root
  let offset = root.offset
  for (const step of path) {
    const next = child(here, step)
    if (next === undefined) break
    offset = here.kind === 'map' ? (here.entries.get(String(step))?.keyOffset ?? next.offset) : next.offset
    here = next
  }
  return offset
}

type Refuse = (issues: readonly { offset: number; path: Path; message: string }[]) => never

/** Walks the parsed document once, in its order, so that an alias sees the anchors written before it. */
class TreeBuilder {
  readonly #refuse: Refuse
  readonly #anchors = new Map<string, { tree: Tree; values: number; depth: number }>()
  #values = 0
  #deepest = 0

  constructor(refuse: Refuse) {
    this.#refuse = refuse
  }

  build(document: Document.Parsed): Tree {
    if (document.contents === null) return { kind: 'map', offset: 0, entries: new Map() }
    const tree = this.#node(document.contents, [])
    // A file of comments only is an empty configuration.
    return tree.kind === 'scalar' && tree.value === null
      ? { kind: 'map', offset: tree.offset, entries: new Map() }
      : tree
  }

  #node(node: ParsedNode, path: Path): Tree {
    const offset = node.range[0]
    if (isAlias(node)) return this.#alias(node.source, offset, path)
    this.#count(1, path.length, offset, path)
    const valuesBefore = this.#values
    const deepestBefore = this.#deepest
    this.#deepest = path.length
    const tree = this.#content(node, offset, path)
    if (node.anchor !== undefined) {
      const values = this.#values - valuesBefore + 1
      this.#anchors.set(node.anchor, { tree, values, depth: this.#deepest - path.length })
    }
    this.#deepest = Math.max(this.#deepest, deepestBefore)
    return tree
  }

  #content(node: ParsedNode, offset: number, path: Path): Tree {
    if (isScalar(node)) return { kind: 'scalar', offset, value: node.value }
    if (isSeq(node)) {
      return { kind: 'list', offset, items: node.items.map((item, index) => this.#node(item, [...path, index])) }
    }
    const entries = new Map<string, Entry>()
    for (const pair of isMap(node) ? node.items : []) {
      const key = isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : ''
      const keyOffset = pair.key?.range?.[0] ?? offset
      const keyPath = [...path, key]
      if (entries.has(key)) this.#refuse([{ offset: keyOffset, path: keyPath, message: 'this key is written twice' }])
      // zod skips a key named __proto__ without a word, so it must not get that far.
      if (key === '__proto__')
        this.#refuse([{ offset: keyOffset, path: keyPath, message: 'this name is not allowed as a key' }])
      const value: Tree =
        pair.value === null ? { kind: 'scalar', offset: keyOffset, value: null } : this.#node(pair.value, keyPath)
      entries.set(key, { keyOffset, value })
    }
    return { kind: 'map', offset, entries }
  }

  #alias(name: string, offset: number, path: Path): Tree {
    const anchor = this.#anchors.get(name)
    if (anchor === undefined) {
      return this.#refuse([{ offset, path, message: 'this alias has no anchor before it, or contains itself' }])
    }
    this.#count(anchor.values, path.length + anchor.depth, offset, path)
    return anchor.tree
  }

  #count(values: number, depth: number, offset: number, path: Path): void {
    this.#values += values
    this.#deepest = Math.max(this.#deepest, depth)
    if (this.#values > maxValues) {
      this.#refuse([{ offset, path: [], message: `more than ${maxValues} values, counting what aliases repeat` }])
    }
    if (depth > maxDepth)
      this.#refuse([{ offset, path: path.slice(0, 4), message: `nested deeper than ${maxDepth} levels` }])
  }
}

/** Our own words for the parser's codes: its messages may quote the file, and the file may hold a secret. */
function explain(mistake: YAMLError): string {
  return explanations[mistake.code] ?? 'this is not valid YAML'
}

const explanations: Partial<Record<YAMLError['code'], string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag',
  BAD_ALIAS: 'an anchor or alias needs a name',
  BAD_COLLECTION_TYPE: 'the tag does not fit this value',
  BAD_DIRECTIVE: 'this directive is not known',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; write a backslash as \\\\ or use single quotes',
  BAD_INDENT: 'the indentation does not match its surroundings',
  BAD_SCALAR_START: 'a value cannot start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot start on this line; is there a second ": "? Put the value in quotes',
  BLOCK_IN_FLOW: 'indented blocks are not allowed inside [ ] or { }',
  KEY_OVER_1024_CHARS: 'a key has at most 1024 characters',
  MISSING_CHAR: 'a closing quote, bracket or brace, a comma, or a space is missing',
  MULTILINE_IMPLICIT_KEY: 'expected "key: value"; is the colon or the space after it missing?',
  MULTIPLE_ANCHORS: 'a value has at most one anchor',
  MULTIPLE_DOCS: 'only one document is read; remove the second ---',
  MULTIPLE_TAGS: 'a value has at most one tag',
  NON_STRING_KEY: 'keys must be text; put this one in quotes',
  RESOURCE_EXHAUSTION: `nested deeper than ${maxDepth} levels`,
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'this tag is not in the YAML 1.2 core schema; remove it',
  UNEXPECTED_TOKEN: 'unexpected text here; is a quote, comma or line break missing before it?',
}
