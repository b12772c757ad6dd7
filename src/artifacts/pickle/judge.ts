// Decides what a pickle would do. What is known to be harmless passes, with its arguments checked where they matter;
// everything else is a finding, graded by what it could do and by what is done with it.
import type { Examination } from '../format.ts'
import { hiddenIn } from '../hidden.ts'
import type { Rule, Severity } from '../rule.ts'
import { bytesSource, type Source, stretch } from '../source.ts'
import { shown } from '../text.ts'
import { isActiveName } from './active-names.ts'
import { type CallContext, checkedCall, isWalkable, isWalked, result } from './calls.ts'
import { capability } from './capabilities.ts'
import { type Global, globalOf, isClassName, isCodeMaker, isImportable } from './globals.ts'
import type { CallOpcode, Machine, Observer } from './machine.ts'
import { isReconstructorName } from './rebuilders.ts'
import * as rules from './rules.ts'
import { type ArrayWrapper, arrayWrapperOf, stateProblem } from './states.ts'
import { contentAt, textAt } from './texts.ts'
import { kind, type Value } from './values.ts'
import { callText, valueText } from './wording.ts'

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

const maxGlobals = 65_536
const maxStorages = 1_000_000
const maxNested = 64 * 1024 * 1024

export function createJudge(examination: Examination): Judge {
  const globals: Global[] = []
  const numbers = new Map<string, number>()
  const storages: Judge['storages'] = new Map()
  const calls = new Set<string>()
  /** Numpy dtypes by number; an instance's value is its global plus `maxGlobals` times one more than that number. */
  const dtypes: (string | undefined)[] = []
  const named = { globalOf: globalAt, textOf }

  const judge: Judge = {
    globals,
    storages,
    calls,
    machine: undefined,
    onArray: undefined,
    imported,
    importedComputed(offset) {
      report(rules.computedCall, offset, 'STACK_GLOBAL', 'imports a name that is worked out while loading', [])
      return result
    },
    extension(code, offset) {
      report(rules.extensionCode, offset, 'EXT', `uses the extension code ${code}`, [], String(code))
      return result
    },
    called,
    built,
    filled,
    persistent,
    bytes: (offset, length) => examineBytes(stretch(examination.source, offset, length), offset),
    straddled: (offset) =>
      report(rules.frameStraddle, offset, 'FRAME', 'has an opcode that reaches over the end of its frame', []),
    expanding: (offset) => report(rules.expansion, offset, 'TUPLE', 'holds a value that grows beyond any memory', []),
  }
  return judge

  function imported(module: string, name: string, offset: number): number {
    const key = `${module}\n${name}`
    const known = numbers.get(key)
    if (known !== undefined) return known
    const found = globalOf(module, name, offset, examination.options.allowed)
    judgeMention(found)
    if (globals.length >= maxGlobals) return tooMany(offset)
    numbers.set(key, globals.length)
    return globals.push(found) - 1
  }

  /** More names than any program has: from here on none of them is known, and none passes. */
  function tooMany(offset: number): number {
    report(rules.unknownCall, offset, 'GLOBAL', `imports more than ${maxGlobals} names`, [])
    return maxGlobals
  }

  /** A name alone is imported, and what it is may be kept and used later. */
  function judgeMention(found: Global): void {
    const { standing, path, module, offset } = found
    const name = shown(path)
    const does = capability(module)
    if (!isImportable(found))
      report(rules.unknownCall, offset, 'GLOBAL', `imports ${name}, which no package can be called`, [], path)
    else if (standing === 'library' && does === undefined)
      report(rules.unknownCall, offset, 'GLOBAL', `refers to ${name}, which is not known to be harmless`, [], path)
    else if (standing === 'library')
      report(rules.dangerousImport, offset, 'GLOBAL', `refers to ${name}, which ${does}`, [], path)
    else if (standing === 'active')
      report(
        rules.dangerousImport,
        offset,
        'GLOBAL',
        `refers to ${name}, which does more than keep or compute values`,
        [],
        path,
      )
    else if (standing === 'foreign')
      report(rules.foreignName, offset, 'GLOBAL', `refers to ${name}, of a package that is not known`, [], path)
  }

  function called(callee: Value, args: readonly Value[] | undefined, opcode: CallOpcode, offset: number): Value {
    if (callee.kind !== kind.global) {
      // Numbers, texts and containers cannot be called: loading fails here.
      if (callee.kind >= kind.instance)
        report(rules.computedCall, offset, opcode, 'calls something that is worked out while loading', [
          callText(named, callee, args),
        ])
      return result
    }
    const found = globalAt(callee)
    if (found === undefined) return result
    const made = { kind: kind.instance, value: callee.value }
    // Without arguments a class is instantiated without its constructor by these two as well.
    const isBare = opcode === 'NEWOBJ' || opcode === 'NEWOBJ_EX' || (opcode !== 'REDUCE' && args?.length === 0)
    switch (found.standing) {
      case 'trusted':
        calls.add(found.path)
        return made
      case 'value':
        if (isBare || mayWalk(found, args)) return madeBy(found, callee, args)
        break
      case 'rebuilder':
        if (!(args ?? []).some(isUnknown)) return madeBy(found, callee, args)
        break
      case 'checked': {
        const checked = args === undefined ? undefined : checkedCall(contextOf(found, callee, args, offset))
        if (checked === undefined) break
        calls.add(found.path)
        if (checked.kind === kind.encoded) nestedEncoded(checked)
        return checked
      }
      case 'framework':
        if (isBare || isPlainConstruction(found, args)) return made
        break
      case 'function':
        // Without a constructor only a class can be instantiated, whatever its name looks like.
        if (opcode === 'NEWOBJ' || opcode === 'NEWOBJ_EX') return made
        if (isReconstructorName(found.name) && args?.every(isPlainArgument)) return madeBy(found, callee, args)
        break
      case 'foreign':
        if (!isBare) break
        report(rules.foreignClass, found.offset, opcode, `instantiates ${shown(found.path)}`, [], found.path)
        return made
      default:
    }
    reportCall(found, callee, args, opcode, offset)
    return result
  }

  function contextOf(found: Global, callee: Value, args: readonly Value[], offset: number): CallContext {
    return {
      callee,
      found,
      args,
      offset,
      globalAt,
      textOf,
      elementsOf,
      instantiate: (cls) => called(cls, undefined, 'NEWOBJ', offset),
      call: (other, others) => called(other, others, 'REDUCE', offset),
      import: (module, name) => ({ kind: kind.global, value: imported(module, name, offset) }),
      nested,
    }
  }

  /** A value of a known type; of numpy's dtypes the name is kept. */
  function madeBy({ path }: Global, callee: Value, args: readonly Value[] | undefined): Value {
    calls.add(path)
    const [first, second] = args ?? []
    if (path === 'numpy.dtype') {
      dtypes.push(textOf(first))
      return { kind: kind.instance, value: callee.value + maxGlobals * dtypes.length }
    }
    // Texts and bytes that are put together while loading are not known any more.
    const isText = path === 'builtins.str' || path === 'builtins.bytes' || path === 'builtins.bytearray'
    if (isText && first?.kind === kind.text && second !== undefined) {
      const encoded = { kind: kind.encoded, value: first.value }
      nestedEncoded(encoded)
      return encoded
    }
    return isText && first !== undefined && first.kind !== kind.bytes
      ? result
      : { kind: kind.instance, value: callee.value }
  }

  function mayWalk({ path }: Global, args: readonly Value[] | undefined): boolean {
    if (!isWalked(path)) return true
    const isEndless =
      /bytes|bytearray/.test(path) &&
      (args ?? []).some((each) => each.kind === kind.integer && each.value > largestAllocation)
    return !isEndless && (args ?? []).every((each) => isWalkable(each, globalAt(each)))
  }

  /** A class of a framework, called with values: an enumeration's member, a small value type, an exception. */
  function isPlainConstruction({ name, path }: Global, args: readonly Value[] | undefined): boolean {
    if (args === undefined || !isClassName(name) || !args.every(isPlainArgument)) return false
    calls.add(path)
    return true
  }

  function isPlainArgument(value: Value): boolean {
    switch (value.kind) {
      case kind.result:
        return false
      case kind.text:
        return isWord(textOf(value))
      case kind.list:
        return value.value === 0
      case kind.tuple:
      case kind.dict:
        return value.value === emptyPlace || (elementsOf(value)?.every(isPlainElement) ?? false)
      case kind.instance:
      case kind.held:
        return !/^pathlib\./.test(globalAt(value)?.path ?? '')
      default:
        return true
    }
  }

  /** One level further down; deeper ones are not looked at, and so are not plain. */
  function isPlainElement(value: Value): boolean {
    if (value.kind === kind.tuple || value.kind === kind.dict)
      return value.value === emptyPlace || elementsOf(value)?.length === 0 || isFlat(value)
    return isPlainArgument(value)
  }

  function isFlat(value: Value): boolean {
    return (
      elementsOf(value)?.every(
        (each) => each.kind !== kind.tuple && each.kind !== kind.dict && isPlainArgument(each),
      ) ?? false
    )
  }

  function isUnknown(value: Value): boolean {
    return value.kind === kind.result
  }

  function reportCall(
    found: Global,
    callee: Value,
    args: readonly Value[] | undefined,
    opcode: CallOpcode,
    offset: number,
  ): void {
    const trace = [callText(named, callee, args)]
    const name = shown(found.path)
    const does = capability(found.module)
    if (isCodeMaker(found)) {
      report(rules.codeObject, offset, opcode, `makes code of its own with ${name}`, trace, found.path)
      return
    }
    if (/^(?:_?pickle|dill|cloudpickle)\b.*\.loads$/.test(found.path) && args?.[0] !== undefined)
      nested(args[0], 'pickle')
    if (found.standing === 'foreign') {
      const isRebuilding = isReconstructorName(found.name) && (args?.every(isPlainArgument) ?? false)
      const severity = isRebuilding && !isActiveName(found.module, found.module) ? 'low' : 'high'
      report(rules.foreignCall, offset, opcode, `calls ${name}`, trace, found.path, severity)
    } else if (does === undefined || found.standing !== 'library')
      report(rules.unknownCall, offset, opcode, `calls ${name}, which is not known to be harmless`, trace, found.path)
    else report(rules.dangerousCall, offset, opcode, `calls ${name}, which ${does}`, trace, found.path)
  }

  function built(target: Value, state: Value, offset: number): Value {
    const text = valueText(named, target)
    if (target.kind === kind.global || target.kind === kind.result)
      report(rules.changesCode, offset, 'BUILD', `changes ${text}`, [`${text}.__setstate__(…)`])
    const isObject = target.kind === kind.instance || target.kind === kind.held
    const found = isObject ? globalAt(target) : undefined
    if (found !== undefined) {
      const context = {
        textOf,
        elementsOf,
        dtypeOf: (value: Value) => dtypes[Math.floor(value.value / maxGlobals) - 1],
      }
      const problem = stateProblem(found, state, context)
      if (problem !== undefined) report(rules.sensitiveState, offset, 'BUILD', problem, [`${text}.__setstate__(…)`])
      const wrapper = target.kind === kind.instance ? arrayWrapperOf(found, state, context) : undefined
      if (wrapper !== undefined) judge.onArray?.(wrapper)
    }
    return target.kind === kind.instance ? { kind: kind.held, value: target.value } : target
  }

  /** Containers and fresh objects of known classes are filled; anything else may be any object, and is changed. */
  function filled(target: Value, how: 'append' | 'add' | 'setitem', offset: number): void {
    // Frozen and plain data have no such method: loading fails here.
    if (target.kind <= kind.tuple || target.kind === kind.persistent) return
    const found = globalAt(target)
    const isFresh = target.kind === kind.instance && how !== 'add' && found?.standing !== 'rebuilder'
    const isKept = target.kind === kind.held && how === 'setitem' && found?.standing !== 'rebuilder'
    if (isFresh || isKept) return
    const text = valueText(named, target)
    report(rules.computedCall, offset, how.toUpperCase(), `calls the ${how} of ${text}, which may be anything by now`, [
      `${text}.${how}(…)`,
    ])
  }

  function persistent(id: Value, offset: number): Value {
    const stored = { kind: kind.persistent, value: 0 }
    const [tag, type, key, , elements] = elementsOf(id) ?? []
    const found = type === undefined ? undefined : globalAt(type)
    // A class with its source beside it, in torch's files until 1.6: the class is what the loader takes.
    if (textOf(tag) === 'module' && type?.kind === kind.global) return type
    if (textOf(tag) === 'storage' && type?.kind === kind.global && isStorage(found)) {
      const name = textOf(key)
      if (name !== undefined && elements?.kind === kind.integer && storages.size < maxStorages)
        storages.set(name, { type: found?.name ?? '', elements: elements.value })
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

  /** A pickle or another thing that is loaded, among the bytes that the pickle keeps. */
  function examineBytes(source: Source, offset: number): void {
    const found = hiddenIn(source, 0, source.size)
    if (found !== undefined && found !== 'a script') examination.enter(`(bytes at ${offset})`, source)
  }

  function nested(value: Value, expected: string): boolean {
    const content = contentOf(value)
    if (content === undefined) return false
    examination.enter(`(bytes at ${content.offset})`, content.source, expected)
    return true
  }

  function nestedEncoded(value: Value): void {
    const content = contentOf(value)
    if (content !== undefined) examineBytes(content.source, content.offset)
  }

  function contentOf(value: Value): { readonly source: Source; readonly offset: number } | undefined {
    const { machine } = judge
    if (machine === undefined || (value.kind !== kind.bytes && value.kind !== kind.encoded)) return undefined
    const content = contentAt(machine.cursor, value.value)
    if (content === undefined) return undefined
    const { offset, length } = content
    if (value.kind === kind.bytes) return { source: stretch(examination.source, offset, length), offset }
    if (length > maxNested) return undefined
    const text = Buffer.from(machine.cursor.peek(offset, length)).toString('utf8')
    return { source: bytesSource(Buffer.from(text, 'latin1')), offset }
  }

  /** The global that is meant, or that an object was made by. */
  function globalAt(value: Value | undefined): Global | undefined {
    if (value === undefined || (value.kind !== kind.global && value.kind !== kind.instance && value.kind !== kind.held))
      return undefined
    return globals[value.value % maxGlobals]
  }

  function textOf(value: Value | undefined): string | undefined {
    const { machine } = judge
    return value?.kind === kind.text && machine !== undefined ? textAt(machine.cursor, value.value) : undefined
  }

  function elementsOf(value: Value | undefined): readonly Value[] | undefined {
    const { machine } = judge
    if (machine === undefined || (value?.kind !== kind.tuple && value?.kind !== kind.dict)) return undefined
    return machine.elements.at(value.value)
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

const largestAllocation = 2 ** 30
/** The place of a dictionary that nothing was put into. */
const emptyPlace = -2

/** Not a path, an address or an expression: a word, as the members of enumerations are. */
function isWord(text: string | undefined): boolean {
  return text !== undefined && /^[\w .+-]{0,64}$/.test(text) && !/^\.|\.\w{1,12}$/.test(text)
}

function isStorage(found: Global | undefined): boolean {
  return (
    found !== undefined &&
    found.standing === 'rebuilder' &&
    /^torch\b/.test(found.module) &&
    /Storage$/.test(found.name)
  )
}
