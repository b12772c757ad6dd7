// Calls whose arguments decide whether they are harmless. Everything that takes a function, a class, a name or a path
// as an argument stands here.
import type { Global } from './globals.ts'
import { isRebuilder } from './rebuilders.ts'
import { kind, type Value } from './values.ts'

/** What a check may ask of the judge. */
export interface CallContext {
  readonly callee: Value
  readonly found: Global
  readonly args: readonly Value[]
  readonly offset: number
  globalAt(value: Value | undefined): Global | undefined
  textOf(value: Value | undefined): string | undefined
  elementsOf(value: Value | undefined): readonly Value[] | undefined
  /** Instantiates a class without its constructor, as NEWOBJ does. */
  instantiate(cls: Value): Value
  /** Calls something else with other arguments. */
  call(callee: Value, args: readonly Value[] | undefined): Value
  /** Imports a name as if it stood in the pickle. */
  import(module: string, name: string): Value
  /** Examines bytes, or a text that stands for bytes, as what a loader would load. */
  nested(value: Value, expected: string): boolean
}

/**
 * @returns the result of a harmless call; undefined when the arguments are not harmless, or nothing is known of them
 */
export function checkedCall(context: CallContext): Value | undefined {
  return checks.get(context.found.path)?.(context) ?? (isUnpickle(context.found) ? unpickleModel(context) : undefined)
}

type Check = (context: CallContext) => Value | undefined

/** A value that nothing is known of. It may be kept; whatever is done with it is a finding. */
export const result: Value = { kind: kind.result, value: 0 }

const made = ({ callee }: CallContext): Value => ({ kind: kind.instance, value: callee.value })

/** `_codecs.encode(text, 'latin1')` is how protocols 0 to 2 write bytes. */
const encode: Check = ({ args, textOf }) => {
  const [text, encoding] = args
  if (text?.kind !== kind.text || !/^latin-?_?1$|^iso-?8859-?1$/i.test(textOf(encoding) ?? '')) return undefined
  return { kind: kind.encoded, value: text.value }
}

/** `copyreg._reconstructor(cls, base, state)`: `base.__new__(cls, state)`, then `base.__init__` unless it is object. */
const reconstructor: Check = ({ args, globalAt, instantiate }) => {
  const [cls, base] = args
  if (cls?.kind !== kind.global || !plainBases.has(globalAt(base)?.path ?? '')) return undefined
  return instantiate(cls)
}

const plainBases = new Set(
  'object dict list tuple set frozenset int float complex str bytes bytearray'
    .split(' ')
    .map((name) => `builtins.${name}`),
)

const newObject: Check = ({ args, instantiate }) => {
  const [cls] = args
  return cls?.kind === kind.global ? instantiate(cls) : undefined
}

/** An attribute of something imported is judged as if it had been imported by its whole name. */
const attribute: Check = (context) => {
  const { args, globalAt, textOf } = context
  const [owner, name] = args
  const text = textOf(name)
  if (text === undefined || args.length > 3) return undefined
  const found = globalAt(owner)
  if (found !== undefined) return context.import(found.module, `${found.name}.${text}`)
  const isObject = owner?.kind === kind.instance || owner?.kind === kind.held
  // A bound method: kept, never called by the pickle.
  return isObject && /^[A-Za-z]\w*$/.test(text) ? result : undefined
}

/** Iterators over plain containers. With two arguments `iter` calls its first. */
const iterator: Check = (context) => {
  const isPlain = context.args.every(
    ({ kind: each }) => each < kind.global || each === kind.held || each === kind.instance,
  )
  const isCall = context.found.name === 'iter' && context.args.length !== 1
  return isPlain && !isCall ? made(context) : undefined
}

/** `operator.getitem(typing.Union, (int, str))`. */
const genericType: Check = (context) => {
  const owner = context.globalAt(context.args[0])
  return owner !== undefined && /^(?:typing|collections\.abc|builtins)$/.test(owner.module) ? made(context) : undefined
}

const logger: Check = ({ args, textOf }) => (args.length === 0 || textOf(args[0]) !== undefined ? result : undefined)

const timeZone: Check = (context) =>
  /^[A-Za-z][\w+-]*(?:\/[A-Za-z][\w+-]*){0,3}$/.test(context.textOf(context.args[0]) ?? '') ? made(context) : undefined

/** A file is opened when the first argument is one. */
const timeZoneFile: Check = (context) => (context.args[0]?.kind === kind.data ? made(context) : undefined)

const partial: Check = (context) => (context.args[0]?.kind === kind.global ? made(context) : undefined)

/** A function of numpy's by its module and name. */
const byName: Check = (context) =>
  /^(?:numpy|scipy\.special)(?:\.|$)/.test(context.textOf(context.args[0]) ?? '') ? made(context) : undefined

/** `ctor(name, make)` calls `make(name)`. */
const randomState: Check = (context) => {
  const [generator, make] = context.args
  const isKnown =
    generator === undefined || context.textOf(generator) !== undefined || isBitGenerator(context, generator)
  const isOwn = make === undefined || context.globalAt(make)?.path === 'numpy.random._pickle.__bit_generator_ctor'
  return isKnown && isOwn ? made(context) : undefined
}

const bitGenerator: Check = (context) => {
  const [name] = context.args
  const isKnown = name === undefined || context.textOf(name) !== undefined || isBitGenerator(context, name)
  return isKnown && context.args.length <= 1 ? made(context) : undefined
}

/** One of numpy's, as a class or as an object. */
function isBitGenerator({ globalAt }: CallContext, value: Value): boolean {
  const isObject = value.kind === kind.instance || value.kind === kind.held
  const found = globalAt(isObject ? { kind: kind.global, value: value.value } : value)
  return /^numpy\.random\._\w+\.[A-Z]\w*$|^numpy\.random\._pickle\.__bit_generator_ctor$/.test(found?.path ?? '')
}

/** `_new_Index(cls, state)` calls `cls.__new__(cls, **state)`, which iterates over the data. */
const newIndex: Check = (context) => {
  const found = context.globalAt(context.args[0])
  if (found === undefined || !/^pandas\.(?:core\.indexes\.|_libs\.)?[\w.]*Index$/.test(found.path)) return undefined
  const items = context.elementsOf(context.args[1]) ?? []
  const isPlain = items.every((item) => {
    if (item.kind !== kind.instance && item.kind !== kind.held) return item.kind !== kind.result
    const { standing } = context.globalAt({ kind: kind.global, value: item.value }) ?? {}
    return standing === 'value' || standing === 'rebuilder' || standing === 'checked' || standing === 'trusted'
  })
  return isPlain ? made(context) : undefined
}

/** `_rebuild_from_type(function, type, args, state)` calls the function. */
const rebuildFromType: Check = (context) => {
  const [rebuild, , args] = context.args
  const found = context.globalAt(rebuild)
  if (rebuild === undefined || found === undefined || !isRebuilder(found.path)) return undefined
  return context.call(rebuild, context.elementsOf(args))
}

/** A pickle of torch's within the pickle: its bytes are here, so they are examined in their turn. */
const torchBytes: Check = (context) =>
  context.args[0] !== undefined && context.nested(context.args[0], 'torch-legacy') ? made(context) : undefined

const checks = new Map<string, Check>([
  ['_codecs.encode', encode],
  ['copyreg._reconstructor', reconstructor],
  ['copyreg.__newobj__', newObject],
  ['copyreg.__newobj_ex__', newObject],
  ['builtins.getattr', attribute],
  ['builtins.iter', iterator],
  ['builtins.reversed', iterator],
  ['builtins.enumerate', iterator],
  ['builtins.zip', iterator],
  ['operator.getitem', genericType],
  ['_operator.getitem', genericType],
  ['logging.getLogger', logger],
  ['zoneinfo.ZoneInfo', timeZone],
  ['zoneinfo.ZoneInfo._unpickle', timeZone],
  ['dateutil.tz.tz.tzfile', timeZoneFile],
  ['functools.partial', partial],
  ['numpy.core._ufunc_reconstruct', byName],
  ['numpy._core._ufunc_reconstruct', byName],
  ['numpy.core._DType_reconstruct', byName],
  ['numpy._core._DType_reconstruct', byName],
  ['numpy.random._pickle.__generator_ctor', randomState],
  ['numpy.random._pickle.__randomstate_ctor', randomState],
  ['numpy.random._pickle.__bit_generator_ctor', bitGenerator],
  ['pandas.core.indexes.base._new_Index', newIndex],
  ['torch._tensor._rebuild_from_type', rebuildFromType],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
  ['torch.storage._load_from_bytes', torchBytes],
])

/** Keras loads a .keras file out of a BytesIO; the bytes of one are examined wherever they stand. */
function isUnpickle({ path }: Global): boolean {
  return /\._unpickle_model$|pickle_utils\.deserialize_model_from_bytecode$/.test(path)
}

function unpickleModel(context: CallContext): Value | undefined {
  const [buffer] = context.args
  const isObject = buffer?.kind === kind.instance || buffer?.kind === kind.held
  const found = isObject ? context.globalAt({ kind: kind.global, value: buffer.value }) : undefined
  return found?.path === '_io.BytesIO' || found?.path === 'io.BytesIO' ? made(context) : undefined
}

/** Value types that walk over their argument, convert it or make a copy of it, which is code of its class. */
export function isWalked(path: string): boolean {
  return /^(?:builtins\.(?:list|tuple|set|frozenset|dict|bytes|bytearray|str|int|float|complex|bool)|_?collections\.|itertools\.|array\.|_?io\.|decimal\.|fractions\.|datetime\.|types\.)/.test(
    path,
  )
}

/** Whether a value type may walk over it: containers, and objects that are themselves values. */
export function isWalkable(value: Value, made: Global | undefined): boolean {
  if (value.kind === kind.result) return false
  if (value.kind !== kind.instance && value.kind !== kind.held) return true
  const isValue = made?.standing === 'value' || made?.standing === 'rebuilder' || made?.standing === 'trusted'
  // An iterator that does not end, and a range of any length.
  return isValue && !/^itertools\.(?:count|cycle|repeat|product)|^builtins\.range$/.test(made.path)
}
