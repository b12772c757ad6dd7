// Judges the operators of a graph and of every function in its library: what they do, and where those that save and load
// the model are told to do it.
import type { Examination } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { shown } from '../text.ts'
import type { Graph, GraphNode } from './graph.ts'
import { type Effect, effectOf, ruleFor } from './operators.ts'
import { customOperator, outsidePath } from './rules.ts'

/** @param assets  names of tensors that are replaced by the place of an asset when the model is loaded */
export function judgeGraph(examination: Examination, graph: Graph, assets: ReadonlySet<string>): void {
  const opensFiles = functionsThatOpen(graph)
  judgeScope(examination, graph.nodes, 'the graph', assets, opensFiles)
  for (const [name, nodes] of graph.functions) judgeScope(examination, nodes, name, assets, opensFiles)
}

function judgeScope(
  examination: Examination,
  nodes: readonly GraphNode[],
  where: string,
  assets: ReadonlySet<string>,
  opensFiles: ReadonlySet<string>,
): void {
  const { report, budget, options } = examination
  const byName = new Map(nodes.map((node) => [node.name, node]))
  for (const node of nodes) {
    budget.checkTime()
    const { operator, name, offset, length } = node
    const at = { offset, length, element: shown(operator) }
    const what = `The operator ${shown(operator)} (${shown(name)}, in ${shown(where)})`
    const subject = shown(operator)
    const effect = resolved(node, byName)
    const rule = ruleFor(effect)
    if (rule !== undefined && !options.allowed.has(operator))
      report({ rule, message: `${what}: ${rule.title.toLowerCase()}.`, at, subject })
    else if (effect === 'unknown')
      report({ rule: customOperator, message: `${what} comes from a library of its own.`, at, subject })
    const path = pathOf(node, effect, byName, assets, opensFiles)
    if (path !== undefined)
      report({ rule: outsidePath, message: `${what} is told to use ${shown(path)}.`, at, subject: shown(path) })
  }
}

/** Of an operator whose attributes or inputs decide. */
function resolved(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): Effect {
  const { operator, texts } = node
  const effect = effectOf(operator)
  if (effect !== 'depends') return effect
  if (operator === 'PrintV2')
    return /^(?:std(?:err|out)|log\((?:info|warning|error)\))$/.test(texts.get('output_stream') ?? 'stderr')
      ? 'computes'
      : 'files'
  if (operator === 'DecodeProtoV2' || operator === 'EncodeProto')
    return /^(?:local|bytes):\/\/|^$/.test(texts.get('descriptor_source') ?? '') ? 'computes' : 'files'
  // A cache without a file is in memory.
  return leadingTexts(node.inputs[1], byName).every((text) => text === '') ? 'computes' : 'files'
}

/** A place that is not the model's own, given to something that opens files: directly, or through a call. */
function pathOf(
  { inputs, functions }: GraphNode,
  effect: Effect,
  byName: ReadonlyMap<string, GraphNode>,
  assets: ReadonlySet<string>,
  opensFiles: ReadonlySet<string>,
): string | undefined {
  const isCall = functions.some((name) => opensFiles.has(name))
  if (effect !== 'own-files' && effect !== 'vocabulary' && !isCall) return undefined
  const candidates = effect === 'own-files' ? inputs.slice(0, 2) : effect === 'vocabulary' ? inputs.slice(1, 2) : inputs
  for (const input of candidates) {
    if (assets.has(nodeOf(input))) continue
    const found = leadingTexts(input, byName, assets).find(leadsOut)
    if (found !== undefined) return found
  }
  return undefined
}

/** A path or an address out of the model's folder; serialised objects are constants too and are no paths. */
function leadsOut(path: string): boolean {
  if (path.length < 2 || path.length > 4096 || /[\p{Cc}\ufffd]/u.test(path)) return false
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path) || escapesFolder(path)
}

const passing = new Set([
  'Identity',
  'StringJoin',
  'PlaceholderWithDefault',
  'ShardedFilename',
  'ShardedFilespec',
  'Pack',
  'Reshape',
  'Cast',
  'StringLower',
  'StringStrip',
  'ConcatV2',
  'ExpandDims',
  'Squeeze',
  'IdentityN',
  'EnsureShape',
  'StopGradient',
  'Snapshot',
  'Select',
  'SelectV2',
  'Substr',
  'RegexReplace',
  'DecodeBase64',
  'StringFormat',
  'ReduceJoin',
])
const steps = 32

/** The constants that a text begins with, through what only passes texts on. */
function leadingTexts(
  input: string | undefined,
  byName: ReadonlyMap<string, GraphNode>,
  assets: ReadonlySet<string> = new Set(),
): readonly string[] {
  const found: string[] = []
  let pending = input === undefined ? [] : [input]
  for (let step = 0; step < steps && pending.length > 0; step++) {
    const next: string[] = []
    for (const each of pending.slice(0, steps)) {
      const node = byName.get(nodeOf(each))
      if (node === undefined || assets.has(node.name)) continue
      if (node.operator === 'Const') found.push(...node.constants)
      else if (/^Select/.test(node.operator)) next.push(...node.inputs.slice(1, 3))
      else if (passing.has(node.operator)) next.push(...node.inputs.slice(0, 1))
    }
    pending = next
  }
  return found
}

/** `^node`, `node:1`, `node:output:0`. */
function nodeOf(input: string): string {
  const plain = input.startsWith('^') ? input.slice(1) : input
  const colon = plain.indexOf(':')
  return colon < 0 ? plain : plain.slice(0, colon)
}

/** The functions that save, load or read vocabularies, themselves or through others. */
function functionsThatOpen({ functions }: Graph): ReadonlySet<string> {
  const callers = new Map<string, string[]>()
  const opening = new Set<string>()
  for (const [name, nodes] of functions)
    for (const node of nodes) {
      const effect = effectOf(node.operator)
      if (effect === 'own-files' || effect === 'vocabulary') opening.add(name)
      for (const called of node.functions) callers.set(called, [...(callers.get(called) ?? []), name])
    }
  const pending = [...opening]
  for (let name = pending.pop(); name !== undefined; name = pending.pop())
    for (const caller of callers.get(name) ?? [])
      if (!opening.has(caller)) {
        opening.add(caller)
        pending.push(caller)
      }
  return opening
}
