// Works out what expressions could be, and tells of every call on the way. Nothing is run: names are followed through
// imports and assignments, constant texts are put together as Python would, and the rest is unknown.
import { byName, decodeCall } from './decoders.ts'
import { secretPath, secretVariable } from './effects.ts'
import type { Argument, Expression } from './syntax.ts'
import { derived, eitherValue, nameValue, textValue, unknownValue, type Value } from './values.ts'

export interface Call {
  readonly path: string
  readonly callee: Value
  /** The name behind the dot, where there is one. */
  readonly method: string | undefined
  readonly args: readonly { readonly name: string | undefined; readonly value: Value }[]
  readonly offset: number
}

export interface Surroundings {
  lookUp(name: string): Value | undefined
  assign(name: string, value: Value): void
  onCall(call: Call): void
  /** A member is reached that leads from any object to everything. */
  onHiddenMember(name: string, offset: number): void
  /** A name is worked out and cannot be told. */
  onComputedName(owner: string, value: Value, offset: number): void
}

const hiddenMembers =
  /^__(?:subclasses|globals|builtins|code|closure|mro|base|bases|dict|loader|import|reduce_ex|getattribute|self|func|wrapped)__$|^(?:gi_frame|f_globals|f_builtins|f_back|tb_frame|cr_frame|func_globals|co_code)$/
/** Met in honest code as well. */
const mildMembers = /^__(?:dict|mro|base|bases|self|func|wrapped|code|closure|loader|getattribute)__$/

export function evaluate(expression: Expression, around: Surroundings): Value {
  switch (expression.kind) {
    case 'name':
      return around.lookUp(expression.name) ?? builtin(expression.name)
    case 'number':
      return Number.isInteger(expression.value) ? { ...unknownValue, numbers: [expression.value] } : unknownValue
    case 'text':
      return textOf(expression, around)
    case 'attribute':
      return attributeOf(expression, around)
    case 'subscript':
      return memberOf(expression, around)
    case 'call':
      return callOf(expression, around)
    case 'binary':
      return binaryOf(expression, around)
    case 'lambda':
      evaluate(expression.body, around)
      return unknownValue
    case 'walrus': {
      const value = evaluate(expression.value, around)
      around.assign(expression.name, value)
      return value
    }
    case 'parts':
      return partsOf(expression, around)
  }
}

/** Names that Python knows without an import, as far as they matter here; others are parameters and the like. */
const builtins = new Set(
  `__import__ __builtins__ __loader__ __spec__ bool breakpoint bytearray bytes callable chr classmethod compile delattr dict dir
  eval exec execfile filter format frozenset getattr get_ipython globals hasattr id input int isinstance issubclass iter len
  list locals map max memoryview min next object open ord print property range raw_input reduce reload repr reversed set
  setattr sorted staticmethod str sum super tuple type unichr unicode vars zip True False None exit quit`.split(/\s+/),
)

function builtin(name: string): Value {
  return builtins.has(name) ? nameValue(`builtins.${name}`) : unknownValue
}

function textOf(expression: Extract<Expression, { kind: 'text' }>, around: Surroundings): Value {
  const fields = expression.fields.map((field) => evaluate(field, around))
  if (fields.length === 0) return textValue(expression.value)
  const known = fields.every(({ text }) => text !== undefined)
  let index = 0
  const text = expression.value.replaceAll('\u0000', () => fields[index++]?.text ?? '\u0000')
  return known ? { ...textValue(text), origins: derived(fields).origins } : derived(fields)
}

function attributeOf(expression: Extract<Expression, { kind: 'attribute' }>, around: Surroundings): Value {
  const object = evaluate(expression.object, around)
  const { name } = expression
  if (hiddenMembers.test(name) && !mildMembers.test(name)) around.onHiddenMember(name, expression.offset)
  return memberNamed(object, name)
}

function memberNamed(object: Value, name: string): Value {
  const names = object.names.flatMap((owner) => {
    if (owner === 'builtins.__builtins__') return [`builtins.${name}`]
    const path = `${owner}.${name}`
    return path.length <= 200 ? [path] : []
  })
  const origins = new Set(object.origins)
  if (names.some((path) => path === 'os.environ' || path === 'posix.environ')) origins.add('environment')
  return { ...unknownValue, names, origins }
}

const dictionaries =
  /^builtins\.(?:globals|locals|vars|dir)\(\)$|\.__dict__$|^builtins\.__builtins__$|^builtins\.vars\(\)$/

function memberOf(expression: Extract<Expression, { kind: 'subscript' }>, around: Surroundings): Value {
  const object = evaluate(expression.object, around)
  const index = evaluate(expression.index, around)
  const { text } = index
  if (object.names.includes('sys.modules') && text !== undefined) return nameValue(text)
  const dictionary = object.names.find((name) => dictionaries.test(name))
  if (dictionary !== undefined) {
    if (text === undefined) {
      if (index.origins.size > 0) around.onComputedName(dictionary, index, expression.offset)
      return unknownValue
    }
    if (text === '__builtins__') return nameValue('builtins')
    const owner = dictionary.endsWith('.__dict__') ? dictionary.slice(0, -'.__dict__'.length) : undefined
    if (owner !== undefined) return nameValue(`${owner}.${text}`)
    return around.lookUp(text) ?? builtin(text)
  }
  if (object.names.some((name) => name === 'os.environ'))
    return text === undefined || secretVariable.test(text) ? derived([], 'secret') : unknownValue
  if (object.text !== undefined && index.numbers?.length === 1) {
    const [at = 0] = index.numbers
    return textValue(object.text.at(at) ?? '', ['assembled'])
  }
  if (object.text !== undefined && expression.index.kind === 'parts') return sliced(object.text, expression.index)
  if (object.items.length > 0 && index.numbers?.length === 1)
    return object.items.at(index.numbers[0] ?? 0) ?? unknownValue
  if (object.items.length > 0) return eitherValue(object.items)
  return derived([object])
}

/** `[::-1]`, `[2:7]`: the signs are told by the colons between them. */
function sliced(text: string, index: Extract<Expression, { kind: 'parts' }>): Value {
  const bounds: (number | undefined)[] = [undefined]
  for (const item of index.items) {
    if (item.kind === 'parts' && item.form === 'colon') bounds.push(undefined)
    else if (item.kind === 'number') bounds[bounds.length - 1] = item.value
    else return derived([textValue(text)], 'assembled')
  }
  const [from, to, step = 1] = bounds
  if (step === -1 && from === undefined && to === undefined)
    return textValue([...text].reverse().join(''), ['assembled'])
  if (step === 0) return unknownValue
  const part = text.slice(from, to)
  const signs = step < 0 ? [...part].reverse() : [...part]
  return textValue(signs.filter((_, place) => place % Math.abs(step) === 0).join(''), ['assembled'])
}

function binaryOf(expression: Expression, around: Surroundings): Value {
  // Long sums lean to the left; they are followed without recursion.
  const spine: Extract<Expression, { kind: 'binary' }>[] = []
  let first = expression
  while (first.kind === 'binary') {
    spine.push(first)
    first = first.left
  }
  let value = evaluate(first, around)
  for (const { operator, right } of spine.reverse()) value = combined(operator, value, evaluate(right, around))
  return value
}

function combined(operator: string, left: Value, right: Value): Value {
  if (operator === '+' && left.text !== undefined && right.text !== undefined)
    return textValue(left.text + right.text, [...left.origins, ...right.origins, 'assembled'])
  if (operator === '%' && left.text !== undefined) {
    const values = right.items.length > 0 ? right.items : [right]
    if (values.every(({ text }) => text !== undefined)) {
      let index = 0
      return textValue(
        left.text.replace(/%[sd]/g, () => values[index++]?.text ?? ''),
        ['assembled'],
      )
    }
    return derived([left, right])
  }
  if (operator === '*' && left.text !== undefined && right.numbers?.length === 1)
    return textValue(
      left.text.repeat(Math.max(0, Math.min(right.numbers[0] ?? 0, 10_000 / Math.max(1, left.text.length)))),
    )
  if (operator === '+' && (left.items.length > 0 || right.items.length > 0))
    return { ...derived([left, right]), items: [...left.items, ...right.items].slice(0, 5000) }
  if (operator === 'or' || operator === 'and') return eitherValue([left, right])
  if (left.numbers?.length === 1 && right.numbers?.length === 1) {
    const result = calculated(operator, left.numbers[0] ?? 0, right.numbers[0] ?? 0)
    if (result !== undefined) return { ...unknownValue, numbers: [result] }
  }
  // `Path.home() / '.ssh'`
  if (operator === '/' && right.text !== undefined)
    return { ...derived([left, right]), names: left.names, text: `${left.text ?? ''}/${right.text}` }
  return derived([left, right])
}

function calculated(operator: string, left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '^':
      return left ^ right
    case '//':
      return right === 0 ? undefined : Math.floor(left / right)
    case '%':
      return right === 0 ? undefined : left % right
    default:
      return undefined
  }
}

function partsOf(expression: Extract<Expression, { kind: 'parts' }>, around: Surroundings): Value {
  const values = expression.items.map((item) => evaluate(item, around))
  switch (expression.form) {
    case 'same':
      return values[0] ?? unknownValue
    case 'choice':
      return eitherValue(values.slice(0, 2))
    case 'tuple':
    case 'list':
    case 'set': {
      const numbers =
        values.length > 0 && values.every((value) => value.numbers?.length === 1)
          ? values.flatMap(({ numbers }) => numbers ?? [])
          : undefined
      return {
        ...derived(values),
        items: values.slice(0, 5000),
        numbers: numbers !== undefined && numbers.length > 1 ? numbers : undefined,
      }
    }
    case 'comprehension':
      // `chr(c) for c in [111, 115]`: characters are made of numbers.
      return derived(values, ...(isOfCharacters(expression) ? (['assembled'] as const) : []))
    default:
      return derived(values)
  }
}

function isOfCharacters({ items }: Extract<Expression, { kind: 'parts' }>): boolean {
  const [first] = items
  return (
    first?.kind === 'call' &&
    first.callee.kind === 'name' &&
    (first.callee.name === 'chr' || first.callee.name === 'unichr')
  )
}

function callOf(expression: Extract<Expression, { kind: 'call' }>, around: Surroundings): Value {
  const callee = evaluate(expression.callee, around)
  const args = expression.args.map(({ name, value }: Argument) => ({ name, value: evaluate(value, around) }))
  const values = args.map(({ value }) => value)
  const { offset } = expression
  const method = expression.callee.kind === 'attribute' ? expression.callee.name : undefined
  if (expression.callee.kind === 'lambda') return eitherValue(values)
  if (callee.names.length === 0) around.onCall({ path: '', callee, method, args, offset })
  const results: Value[] = []
  for (const path of callee.names) {
    around.onCall({ path, callee, method, args, offset })
    results.push(resultOf(path, values, expression, around))
  }
  const own = expression.callee.kind === 'attribute' ? methodResult(expression.callee, values, around) : undefined
  if (own !== undefined) results.unshift(own)
  if (results.length === 0) return derived([callee, ...values])
  return results.length === 1 ? (results[0] ?? unknownValue) : eitherValue(results)
}

function resultOf(
  path: string,
  values: readonly Value[],
  { offset }: { readonly offset: number },
  around: Surroundings,
): Value {
  const [first, second] = values
  const decoded = decodeCall(path, values)
  if (decoded !== undefined) return decoded
  switch (path) {
    case 'builtins.__import__':
    case 'importlib.import_module':
    case 'importlib.__import__':
    case 'builtins.reload':
      if (first?.text !== undefined)
        return nameValue(path === 'importlib.import_module' ? first.text : (first.text.split('.')[0] ?? ''))
      around.onComputedName(path, first ?? unknownValue, offset)
      return unknownValue
    case 'pkgutil.resolve_name':
    case 'pydoc.locate':
    case 'hydra.utils.get_method':
    case 'django.utils.module_loading.import_string':
      if (first?.text !== undefined) return nameValue(first.text.replace(':', '.'))
      around.onComputedName(path, first ?? unknownValue, offset)
      return unknownValue
    case 'builtins.getattr':
    case 'builtins.object.__getattribute__':
      if (second?.text !== undefined && first !== undefined) return memberNamed(first, second.text)
      for (const owner of first?.names ?? []) around.onComputedName(owner, second ?? unknownValue, offset)
      return derived(values)
    case 'operator.attrgetter':
    case 'operator.methodcaller':
      return first?.text === undefined ? unknownValue : { ...nameValue(`${path}()`), text: first.text }
    case 'operator.attrgetter()':
    case 'operator.methodcaller()':
      return unknownValue
    case 'functools.partial':
    case 'builtins.staticmethod':
    case 'builtins.classmethod':
      return first ?? unknownValue
    case 'builtins.chr':
    case 'builtins.unichr':
      return first?.numbers?.length === 1
        ? textValue(safeCharacter(first.numbers[0] ?? 0), ['assembled'])
        : derived(values, 'assembled')
    case 'builtins.bytes':
    case 'builtins.bytearray':
      return first?.numbers !== undefined
        ? textValue(first.numbers.map((each) => safeCharacter(each & 255)).join(''), ['assembled'])
        : (first ?? unknownValue)
    case 'builtins.str':
    case 'builtins.repr':
    case 'builtins.list':
    case 'builtins.tuple':
    case 'builtins.iter':
    case 'os.path.expanduser':
    case 'os.path.expandvars':
    case 'os.path.abspath':
    case 'os.fspath':
    case 'pathlib.Path':
    case 'shlex.split':
      return first === undefined
        ? nameValue(`${path}()`)
        : { ...first, names: [...first.names, ...(path === 'pathlib.Path' ? ['pathlib.Path()'] : [])] }
    case 'os.path.join':
      return { ...derived(values), text: values.map(({ text }) => text ?? '').join('/') }
    case 'builtins.dict':
    case 'json.dumps':
    case 'copy.copy':
    case 'copy.deepcopy':
      return first === undefined ? unknownValue : { ...first, names: [] }
    case 'os.getenv':
    case 'os.environ.get':
      return first?.text === undefined || secretVariable.test(first.text) ? derived([], 'secret') : unknownValue
    case 'os.environ.copy':
    case 'os.environ.items':
      return derived([], 'environment')
    case 'huggingface_hub.get_token':
    case 'huggingface_hub.HfFolder.get_token':
      return derived([], 'secret')
    case 'builtins.open':
    case 'io.open':
    case 'codecs.open':
      return {
        ...nameValue('builtins.open()'),
        origins: new Set(first?.text !== undefined && secretPath.test(first.text) ? ['file', 'secret'] : ['file']),
      }
    default:
  }
  const isNetwork = /^(?:urllib|urllib2|requests|httpx|aiohttp|http\.client|socket|ftplib|urllib3|wget)\b/.test(path)
  return {
    ...derived(values, ...(isNetwork ? (['network'] as const) : [])),
    names: path.length < 160 ? [`${path}()`] : [],
  }
}

/** Methods of constant texts and bytes. */
function methodResult(
  { object, name }: Extract<Expression, { kind: 'attribute' }>,
  args: readonly Value[],
  around: Surroundings,
): Value | undefined {
  // Worked out again for its text; a call within has been told already.
  if (
    object.kind === 'call' &&
    name !== 'decode' &&
    name !== 'encode' &&
    name !== 'strip' &&
    name !== 'replace' &&
    name !== 'join' &&
    name !== 'read' &&
    name !== 'format' &&
    name !== 'hex'
  )
    return undefined
  const silent: Surroundings = { ...around, onCall: () => {}, onHiddenMember: () => {}, onComputedName: () => {} }
  const own = depthOf(object) > 40 ? unknownValue : evaluate(object, silent)
  const [first, second] = args
  if (name === 'join') {
    if (
      own.text !== undefined &&
      first !== undefined &&
      first.items.length > 0 &&
      first.items.every(({ text }) => text !== undefined)
    )
      return textValue(first.items.map(({ text }) => text ?? '').join(own.text), ['assembled'])
    return own.text !== undefined && first?.text !== undefined
      ? textValue([...first.text].join(own.text), first.origins)
      : derived(args, ...(first?.items.length ? (['assembled'] as const) : []))
  }
  if (name === 'read' || name === 'readlines' || name === 'read_text' || name === 'read_bytes')
    return derived([own], ...(own.text !== undefined && secretPath.test(own.text) ? (['secret', 'file'] as const) : []))
  if (own.text === undefined) return name === 'decode' ? derived([own, ...args]) : undefined
  switch (name) {
    case 'decode':
    case 'encode': {
      const decode = byName(first?.text)
      if (decode === undefined) return own
      try {
        return textValue(decode(own.text), ['decoded'])
      } catch {
        return derived([own], 'decoded')
      }
    }
    case 'strip':
    case 'lstrip':
    case 'rstrip':
      return textValue(own.text.trim(), own.origins)
    case 'lower':
      return textValue(own.text.toLowerCase(), own.origins)
    case 'upper':
      return textValue(own.text.toUpperCase(), own.origins)
    case 'replace':
      if (first?.text === undefined || second?.text === undefined || first.text === '')
        return derived([own, ...args], 'assembled')
      return textValue(
        own.text.replaceAll(first.text, () => second.text ?? ''),
        [...own.origins, 'assembled'],
      )
    case 'format':
      return args.every(({ text }) => text !== undefined)
        ? textValue(formatted(own.text, args), ['assembled'])
        : derived(args)
    case 'split':
      return {
        ...unknownValue,
        items: own.text.split(first?.text ?? /\s+/).map((part) => textValue(part, ['assembled'])),
      }
    case 'fromhex':
      return undefined
    default:
      return undefined
  }
}

function formatted(text: string, args: readonly Value[]): string {
  let index = 0
  return text.replace(/\{(\d*)\}/g, (_, place: string) => args[place === '' ? index++ : Number(place)]?.text ?? '')
}

function depthOf(expression: Expression): number {
  let depth = 0
  for (let at: Expression | undefined = expression; at !== undefined; depth++)
    at = at.kind === 'call' ? at.callee : at.kind === 'attribute' || at.kind === 'subscript' ? at.object : undefined
  return depth
}

function safeCharacter(point: number): string {
  return point >= 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
}
