// The schema of a skops file: a tree of nodes, each with the class or function that its loader imports (skops/io, 0.13).
import type { Examination } from '../format.ts'
import { type JsonNode, member } from '../json/parse.ts'
import { isFramework } from '../pickle/frameworks.ts'
import { isHarmlessMention, isStandardLibrary, isValueMaker } from '../pickle/standard-library.ts'
import type { Rule, Severity } from '../rule.ts'
import { shown } from '../text.ts'
import { isClassName, weighImport } from './imports.ts'
import { walk } from './walk.ts'

const about = {
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2025-54412', 'CVE-2025-54413', 'CVE-2025-54886'],
} as const

const unsafeNode: Rule = {
  id: 'configuration/skops-node',
  title: 'Loading the file imports or calls what is not known to be harmless',
  severity: 'high',
  ...about,
  remedy:
    'Do not load it. Look at skops.io.get_untrusted_types with skops 0.13 or newer, and trust nothing that you do not know.',
}

/** Loaders whose class is fixed or is only instantiated. */
const valueLoaders = new Set(
  'DictNode ListNode SetNode TupleNode SliceNode JsonNode NdArrayNode MaskedArrayNode RandomStateNode RandomGeneratorNode BytesNode BytearrayNode DefaultDictNode SparseMatrixNode DTypeNode CachedNode BoosterNode NumpyDtypeNode LossNode TreeNode KDTreeNode CyLossFunctionNode'.split(
    ' ',
  ),
)
const callLoaders = new Set(
  'FunctionNode PartialNode TypeNode ObjectNode ReduceNode SGDNode OperatorFuncNode MethodNode UfuncNode BuiltinFunctionNode'.split(
    ' ',
  ),
)

export function judgeSkops(examination: Examination, root: JsonNode): void {
  for (const { node, pointer } of walk(root)) {
    const loader = textOf(member(node, '__loader__'))
    if (loader === undefined) continue
    const module = textOf(member(node, '__module__')) ?? ''
    const name = textOf(member(node, '__class__')) ?? ''
    const found = weigh(examination, { node, loader, module, name })
    if (found !== undefined)
      examination.report({
        rule: unsafeNode,
        severity: found.severity,
        message: `A ${shown(loader, 40)} names ${shown(`${module}.${name}`)}: ${found.why}.`,
        at: { pointer, element: shown(loader, 40) },
        trace: [shown(`${module}.${name}`)],
        subject: shown(`${module}.${name}`),
      })
  }
}

interface Named {
  readonly node: JsonNode
  readonly loader: string
  readonly module: string
  readonly name: string
}

function weigh(
  { options }: Examination,
  { node, loader, module, name }: Named,
): { severity: Severity; why: string } | undefined {
  const path = `${module}.${name}`
  if (options.allowed.has(path) || options.allowed.has(`${module}.*`)) return undefined
  if (loader === 'MethodNode') {
    const method = textOf(member(member(node, 'content'), 'func')) ?? ''
    if (method.startsWith('_')) return { severity: 'high', why: 'a hidden method is taken' }
  }
  if (loader === 'OperatorFuncNode' && (module !== 'operator' || !/^(?:itemgetter|attrgetter)$/.test(name)))
    return { severity: 'high', why: 'a function is called that is not what the loader is for' }
  if (loader === 'OperatorFuncNode' && name === 'attrgetter')
    return { severity: 'medium', why: 'attributes are taken by name' }
  if (loader === 'JsonNode' || isValueMaker(module, name) || isHarmlessMention(module, name)) return undefined
  if (!valueLoaders.has(loader) && !callLoaders.has(loader)) {
    const isUsual = /^\w+Node$/.test(loader) && isFramework(module)
    if (!isUsual) return { severity: 'high', why: 'the loader is not known' }
  }
  if (isStandardLibrary(module)) {
    if (
      module === 'builtins' &&
      /^(?:list|dict|tuple|set|str|int|float|bool|bytes|NoneType|type|object|slice)$/.test(name)
    )
      return undefined
    return { severity: 'critical', why: weighImport(path, options.allowed)?.what ?? 'it has no place in a model' }
  }
  if (isFramework(module)) {
    const isLoader = weighImport(path, options.allowed)?.severity === 'high'
    if (isLoader) return { severity: 'high', why: 'it loads, opens or runs what it is given' }
    const isPlain =
      isClassName(name) ||
      loader === 'FunctionNode' ||
      loader === 'UfuncNode' ||
      loader === 'DTypeNode' ||
      loader === 'TypeNode'
    return isPlain ? undefined : { severity: 'medium', why: 'it is not known to be harmless' }
  }
  return loader === 'ObjectNode' || loader === 'TypeNode'
    ? { severity: 'medium', why: 'the package is not known' }
    : { severity: 'high', why: 'the package is not known' }
}

function textOf(node: JsonNode | undefined): string | undefined {
  return node?.kind === 'text' ? node.value : undefined
}
