// Decides what a pickle would do. What is known to be harmless passes, with its arguments checked where they matter;
// everything else is a finding, graded by what it could do and by what is done with it.
import type { Examination } from '../format.ts'
import type { Rule, Severity } from '../rule.ts'
import { stretch } from '../source.ts'
import { shown } from '../text.ts'
import { capability } from './capabilities.ts'
import { isClassName, isFramework, isOpen, isRebuilder, isReconstructorName } from './frameworks.ts'
import type { CallOpcode, Machine, Observer } from './machine.ts'
import * as rules from './rules.ts'
import { isHarmlessMention, isStandardLibrary, isValueMaker, renamedModules } from './standard-library.ts'
import { kind, type Value } from './values.ts'

/** Where a name comes from, which decides what may be done with it. */
type Standing = 'value' | 'mention' | 'framework' | 'closed' | 'rebuilder' | 'library' | 'foreign' | 'trusted'

interface Global {
  readonly module: string
  readonly name: string
  /** `module.name`, in the names of Python 3. */
  readonly path: string
  readonly standing: Standing
  readonly offset: number
}

/** What torch's and joblib's readers need to know of what was read. */
export interface Observed {
  readonly globals: readonly Global[]
  /** Storages that a torch file names: their key to the number of elements and their type. */
  readonly storages: Map<string, { readonly type: string; readonly elements: number }>
  /** Calls that were not refused, for `--learn`. */
  readonly calls: ReadonlySet<string>
}

export interface Judge extends Observer, Observed {
  /** Set before the run: the judge reads texts where the machine found them. */
  machine: Machine | undefined
  /** Called when an array of joblib's follows in the stream. */
  onArray: ((wrapper: ArrayWrapper) => void) | undefined
}

/** joblib's NumpyArrayWrapper, whose bytes follow behind its BUILD. */
export interface ArrayWrapper {
  readonly shape: readonly number[] | undefined
  readonly dtype: string | undefined
  readonly isAligned: boolean
}

const maxGlobals = 65_536

export function createJudge(examination: Examination): Judge {
  const globals: Global[] = []
  const numbers = new Map<string, number>()
  const storages: Judge['storages'] = new Map()
  const calls = new Set<string>()
  /** Numpy dtypes by number; an instance's value is its global plus `maxGlobals` times one more than that number. */
  const dtypes: (string | undefined)[] = []

  const judge: Judge = {
    globals,
    storages,
    calls,
    machine: undefined,
    onArray: undefined,
    imported,
    importedComputed(offset) {
      report(rules.computedCall, offset, 'STACK_GLOBAL', 'imports a name that is worked out while loading', [])
      return { kind: kind.result, value: 0 }
    },
    extension(code, offset) {
      report(rules.extensionCode, offset, 'EXT', `uses the extension code ${code}`, [], String(code))
      return { kind: kind.result, value: 0 }
    },
    called,
    built,
    filled,
    persistent,
    keyed,
  }
  return judge

  function imported(module: string, name: string, offset: number): number {
    const key = `${module}\n${name}`
    const known = numbers.get(key)
    if (known !== undefined) return known
    const found = globalOf(module, name, offset, examination.options.allowed)
    const number = globals.length < maxGlobals ? globals.push(found) - 1 : 0
    if (number > 0 || globals.length === 1) numbers.set(key, number)
    judgeMention(found)
    return number
  }

  /** A name alone is imported, and what it is may be kept and used later. */
  function judgeMention(found: Global): void {
    const { standing, path, offset } = found
    const shownPath = shown(path)
    if (!isPlainName(found))
      report(rules.unknownCall, offset, 'GLOBAL', `imports ${shownPath}, which no package can be called`, [], path)
    else if (standing === 'library') {
      const does = capability(found.module)
      const rule = does === undefined ? rules.unknownCall : rules.dangerousImport
      const what = does === undefined ? 'is not known to be harmless' : does
      report(rule, offset, 'GLOBAL', `refers to ${shownPath}, which ${what}`, [], path)
    } else if (standing === 'closed')
      report(
        rules.dangerousImport,
        offset,
        'GLOBAL',
        `refers to ${shownPath}, a part of its framework that ${capability(found.module) ?? 'does more than keep values'}`,
        [],
        path,
      )
  }

  function called(callee: Value, args: readonly Value[] | undefined, opcode: CallOpcode, offset: number): Value {
    const made = { kind: kind.instance, value: callee.value }
    if (callee.kind !== kind.global) {
      if (callee.kind >= kind.instance)
        report(rules.computedCall, offset, opcode, 'calls something that is worked out while loading', [
          callText(callee, args),
        ])
      return { kind: kind.result, value: 0 }
    }
    const found = globals[callee.value]
    if (found === undefined) return { kind: kind.result, value: 0 }
    const withoutConstructor = opcode === 'NEWOBJ' || opcode === 'NEWOBJ_EX'
    const checked = checkedCall(found, callee, args, offset)
    if (checked !== undefined) return checked
    switch (found.standing) {
      case 'value':
      case 'rebuilder':
      case 'trusted':
        calls.add(found.path)
        return made
      case 'framework':
        if (withoutConstructor || isPlainConstruction(found, args)) return made
        break
      case 'foreign':
        if (withoutConstructor) {
          report(rules.foreignClass, found.offset, opcode, `instantiates ${shown(found.path)}`, [], found.path)
          return made
        }
        break
      default:
    }
    reportCall(found, args, opcode, offset)
    return { kind: kind.result, value: 0 }
  }

  /** The functions whose arguments decide. Undefined for all others. */
  function checkedCall(
    found: Global,
    callee: Value,
    args: readonly Value[] | undefined,
    offset: number,
  ): Value | undefined {
    const made = { kind: kind.instance, value: callee.value }
    switch (found.path) {
      case '_codecs.encode': {
        const [text, encoding] = args ?? []
        if (text?.kind === kind.text && /^latin-?_?1$|^iso-?8859-?1$/i.test(textOf(encoding) ?? ''))
          return { kind: kind.encoded, value: text.value }
        // Python 2's empty bytes: codecs.encode(u'', 'latin1') written without an encoding do not exist.
        return undefined
      }
      case 'copyreg._reconstructor':
      case 'copyreg.__newobj__':
      case 'copyreg.__newobj_ex__':
        return instantiated(args, offset)
      case 'numpy.dtype':
        dtypes.push(textOf(args?.[0]))
        return { kind: kind.instance, value: callee.value + maxGlobals * dtypes.length }
      case 'numpy.core._ufunc_reconstruct':
      case 'numpy._core._ufunc_reconstruct':
      case 'numpy.core._DType_reconstruct':
      case 'numpy._core._DType_reconstruct':
        return /^(?:numpy|scipy\.special)(?:\.|$)/.test(textOf(args?.[0]) ?? '') ? made : undefined
      case 'builtins.getattr':
        return attributeOf(args, offset)
      case 'torch.storage._load_from_bytes':
      case 'pickle.loads':
      case '_pickle.loads':
      case 'dill.loads':
      case 'dill._dill.loads':
      case 'cloudpickle.loads':
      case 'cloudpickle.cloudpickle.loads':
        return nested(found, args, offset)
      case 'torch._tensor._rebuild_from_type_v2':
      case 'torch._tensor._rebuild_from_type':
        return isRebuilderValue(args?.[0]) ? made : undefined
      case 'functools.partial':
        return args?.[0]?.kind === kind.global ? made : undefined
      default:
        return undefined
    }
  }

  /** `cls.__new__(cls)`, spelled as a function: the class counts, not the function. */
  function instantiated(args: readonly Value[] | undefined, offset: number): Value | undefined {
    const [cls] = args ?? []
    if (cls?.kind !== kind.global) return undefined
    return called(cls, undefined, 'NEWOBJ', offset)
  }

  /** A pickle in a pickle: its bytes are here, so they are examined in their turn. */
  function nested(found: Global, args: readonly Value[] | undefined, offset: number): Value | undefined {
    const [bytes] = args ?? []
    const { machine } = judge
    if (machine === undefined || bytes === undefined) return undefined
    if (bytes.kind !== kind.bytes && bytes.kind !== kind.encoded) return undefined
    const content = machine.contentAt(bytes.value)
    if (content === undefined) return undefined
    const isTorch = found.path.startsWith('torch.')
    if (!isTorch) reportCall(found, args, 'REDUCE', offset)
    const inner = bytes.kind === kind.bytes ? stretch(examination.source, content.offset, content.length) : undefined
    const text = bytes.kind === kind.encoded ? latin1Of(machine, content) : undefined
    const source = inner ?? text
    if (source === undefined) return undefined
    examination.enter(`(bytes at ${content.offset})`, source, isTorch ? 'torch-legacy' : 'pickle')
    return { kind: kind.instance, value: 0 }
  }

  /** An attribute of something imported is judged as if it had been imported by its whole name. */
  function attributeOf(args: readonly Value[] | undefined, offset: number): Value | undefined {
    const [owner, name] = args ?? []
    const text = textOf(name)
    const found = owner?.kind === kind.global ? globals[owner.value] : undefined
    if (text !== undefined && found !== undefined)
      return { kind: kind.global, value: imported(found.module, `${found.name}.${text}`, offset) }
    const isObject = owner?.kind === kind.instance || owner?.kind === kind.held
    return isObject && text !== undefined && /^[A-Za-z]\w*$/.test(text) ? { kind: kind.result, value: 0 } : undefined
  }

  function isRebuilderValue(value: Value | undefined): boolean {
    return value?.kind === kind.global && globals[value.value]?.standing === 'rebuilder'
  }

  /** A class of a framework, called with values: an enumeration's member, a small value type, an exception. */
  function isPlainConstruction({ module, name, path }: Global, args: readonly Value[] | undefined): boolean {
    if (!isOpen(module, name) || args === undefined) return false
    const isFunction = !isClassName(name)
    if (isFunction && !isReconstructorName(name)) return false
    if (!args.every((each) => isPlainArgument(each))) return false
    calls.add(path)
    return true
  }

  function isPlainArgument(value: Value): boolean {
    if (value.kind === kind.global) return true
    if (value.kind === kind.result) return false
    if (value.kind !== kind.text) return true
    // Not a path, an address or an expression: a word, as the members of enumerations are.
    return /^[\w .:+-]{0,64}$/.test(textOf(value) ?? '/') && !/^\.|\.\w{1,12}$|:/.test(textOf(value) ?? '')
  }

  function reportCall(found: Global, args: readonly Value[] | undefined, opcode: CallOpcode, offset: number): void {
    const trace = [callText({ kind: kind.global, value: globals.indexOf(found) }, args)]
    const name = shown(found.path)
    const does = capability(found.module)
    if (isCodeMaker(found)) {
      report(rules.codeObject, offset, opcode, `makes code of its own with ${name}`, trace, found.path)
      return
    }
    if (found.standing === 'foreign') {
      const severity = isReconstructorName(found.name) && (args?.every(isPlainArgument) ?? false) ? 'low' : 'high'
      report(rules.foreignCall, offset, opcode, `calls ${name}`, trace, found.path, severity)
      return
    }
    if (does === undefined || found.standing === 'framework')
      report(rules.unknownCall, offset, opcode, `calls ${name}, which is not known to be harmless`, trace, found.path)
    else report(rules.dangerousCall, offset, opcode, `calls ${name}, which ${does}`, trace, found.path)
  }

  function built(target: Value, state: Value, offset: number): Value {
    if (target.kind === kind.global || target.kind === kind.result)
      report(rules.changesCode, offset, 'BUILD', `changes ${valueText(target)}`, [
        `${valueText(target)}.__setstate__(…)`,
      ])
    const wrapper = arrayWrapperOf(target, state)
    if (wrapper !== undefined) judge.onArray?.(wrapper)
    return target.kind === kind.instance ? { kind: kind.held, value: target.value } : target
  }

  function arrayWrapperOf(target: Value, state: Value): ArrayWrapper | undefined {
    const path = target.kind === kind.instance ? globals[target.value % maxGlobals]?.path : undefined
    if (path !== 'joblib.numpy_pickle.NumpyArrayWrapper') return undefined
    const items = state.kind === kind.dict ? judge.machine?.elements.at(state.value) : undefined
    const member = (name: string) => {
      const index = items?.findIndex((item, at) => at % 2 === 0 && textOf(item) === name) ?? -1
      return index < 0 ? undefined : items?.[index + 1]
    }
    const shape = member('shape')
    const sizes = shape?.kind === kind.tuple ? judge.machine?.elements.at(shape.value) : undefined
    const dtype = member('dtype')
    return {
      shape: sizes?.every((size) => size.kind === kind.integer) ? sizes.map(({ value }) => value) : undefined,
      dtype: dtype === undefined ? undefined : dtypes[Math.floor(dtype.value / maxGlobals) - 1],
      isAligned: member('numpy_array_alignment_bytes')?.kind === kind.integer,
    }
  }

  function filled(target: Value, how: 'append' | 'add' | 'setitem', offset: number): void {
    if (target.kind === kind.instance && how !== 'add') return
    // Frozen and plain data have no such method: loading fails here.
    if (target.kind <= kind.tuple && target.kind !== kind.data) return
    const isKept = target.kind === kind.held && how === 'setitem'
    if (isKept || target.kind === kind.data || target.kind === kind.persistent) return
    const text = valueText(target)
    report(rules.computedCall, offset, how.toUpperCase(), `calls the ${how} of ${text}, which may be anything by now`, [
      `${text}.${how}(…)`,
    ])
  }

  function persistent(id: Value, offset: number): Value {
    const stored = { kind: kind.persistent, value: 0 }
    const parts = id.kind === kind.tuple ? judge.machine?.elements.at(id.value) : undefined
    const [tag, type, key, , elements] = parts ?? []
    const typeName = type?.kind === kind.global ? globals[type.value] : undefined
    // A class with its source beside it, in torch's files until 1.6: the class is what the loader takes.
    if (textOf(tag) === 'module' && type !== undefined && typeName !== undefined) return type
    if (textOf(tag) === 'storage' && typeName?.module.startsWith('torch') && /Storage$/.test(typeName.name)) {
      const name = textOf(key)
      if (name !== undefined && elements?.kind === kind.integer && storages.size < 1_000_000)
        storages.set(name, { type: typeName.name, elements: elements.value })
      return stored
    }
    if (id.kind !== kind.integer && id.kind !== kind.text)
      report(
        rules.oddPersistentId,
        offset,
        'BINPERSID',
        'leaves a value to the loader, by an id of an unknown form',
        [],
      )
    return stored
  }

  function keyed(key: number, item: Value): void {
    if (item.kind !== kind.text || textLength(key) !== argumentTemplate.length) return
    if (judge.machine?.textAt(key) !== argumentTemplate) return
    const text = textOf(item) ?? ''
    if (parserTemplate.test(text)) return
    report(
      rules.sensitiveState,
      item.value,
      'BUILD',
      `sets ${argumentTemplate}, which scipy runs as code, to ${shown(text)}`,
      [],
    )
  }

  function textLength(offset: number): number {
    return judge.machine?.contentAt(offset)?.length ?? -1
  }

  function textOf(value: Value | undefined): string | undefined {
    return value?.kind === kind.text ? judge.machine?.textAt(value.value) : undefined
  }

  function callText(callee: Value, args: readonly Value[] | undefined): string {
    return `${valueText(callee)}(${args === undefined ? '…' : args.slice(0, 6).map(valueText).join(', ')})`
  }

  function valueText(value: Value): string {
    const found = globals[value.value % maxGlobals]
    switch (value.kind) {
      case kind.global:
        return shown(found?.path ?? '?')
      case kind.instance:
      case kind.held:
        return `${shown(found?.path ?? '?')} object`
      case kind.text:
        return `'${shown(textOf(value) ?? '…', 60)}'`
      case kind.integer:
        return String(value.value)
      case kind.tuple:
        return '(…)'
      case kind.list:
        return '[…]'
      case kind.dict:
        return '{…}'
      case kind.bytes:
      case kind.encoded:
        return 'b…'
      default:
        return '…'
    }
  }

  function report(
    rule: Rule,
    offset: number,
    element: string,
    what: string,
    trace: readonly string[],
    subject?: string,
    severity?: Severity,
  ): void {
    examination.report({
      rule,
      message: `The pickle ${what}.`,
      at: { offset, element },
      trace,
      ...(subject === undefined ? {} : { subject: shown(subject) }),
      ...(severity === undefined ? {} : { severity }),
    })
  }
}

function globalOf(module: string, name: string, offset: number, allowed: ReadonlySet<string>): Global {
  const current = renamedModules[module] ?? module
  const path = `${current}.${name}`
  return { module: current, name, path, offset, standing: standingOf(current, name, path, allowed) }
}

function standingOf(module: string, name: string, path: string, allowed: ReadonlySet<string>): Standing {
  if (allowed.has(path) || allowed.has(`${module}.*`)) return 'trusted'
  if (isValueMaker(module, name)) return 'value'
  if (checkedNames.has(path)) return 'mention'
  if (isRebuilder(path) && isOpen(module, name)) return 'rebuilder'
  if (isStandardLibrary(module)) return isHarmlessMention(module, name) ? 'mention' : 'library'
  if (isFramework(module)) {
    // A dotted name walks through attributes: through a module that the framework imports it leads anywhere.
    const isWalk = name.includes('.') && !isClassName(name) && !isMethodOfClass(name)
    return isWalk || !isOpen(module, name) ? 'closed' : 'framework'
  }
  return codeSerialisers.test(module) ? 'library' : 'foreign'
}

function isMethodOfClass(name: string): boolean {
  return /^[A-Z]\w*\.[a-z]\w*$/.test(name)
}

/** Names whose calls are judged by their arguments; naming them is harmless. */
const checkedNames = new Set([
  '_codecs.encode',
  'copyreg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
  'builtins.getattr',
  'torch.storage._load_from_bytes',
  'numpy.core._ufunc_reconstruct',
  'numpy._core._ufunc_reconstruct',
])

const codeSerialisers =
  /^(?:cloudpickle|dill|_dill|pexpect|requests|httpx|aiohttp|urllib3|paramiko|boto3|IPython|jinja2|mako|yaml|cffi|fsspec|sh|plumbum|fabric|invoke|websockets|pyautogui|pynput|psutil|distutils|huggingface_hub)(?:\.|$)/

function isCodeMaker({ path }: Global): boolean {
  return /^(?:types\.(?:CodeType|FunctionType|ModuleType)|builtins\.(?:code|function)|(?:cloudpickle|dill|joblib\.externals\.cloudpickle)\b.*\._?(?:make_|create_|fill_|builtin_type|rehydrate|load_type|import_module|get_attr)\w*)/.test(
    path,
  )
}

/** A module and a name that Python could import at all. */
function isPlainName({ module, name }: Global): boolean {
  return (
    /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(module) && /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name)
  )
}

const argumentTemplate = '_parse_arg_template'
/** What scipy's own template looks like when its fields are filled: three definitions that only pass arguments on. */
const parserTemplate =
  /^\s*def _parse_args\(self, [\w\s,=.]*\):\s*return \([\w\s,]*\), [\w.]+, [\w.]+\s*def _parse_args_rvs\(self, [\w\s,=.]*\):\s*return self\._argcheck_rvs\([\w\s,=]*\)\s*def _parse_args_stats\(self, [\w\s,=.'"]*\):\s*return \([\w\s,]*\), [\w.]+, [\w.]+, [\w.]+\s*$/

function latin1Of(machine: Machine, content: { opcode: number; offset: number; length: number }) {
  if (content.length > 64 * 1024 * 1024) return undefined
  const text = Buffer.from(machine.cursor.peek(content.offset, content.length)).toString('utf8')
  const bytes = Buffer.from(text, 'latin1')
  return { size: bytes.length, read: (offset: number, length: number) => bytes.subarray(offset, offset + length) }
}
