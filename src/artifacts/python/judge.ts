// Judges Python code by what it does and when: as it is imported, in what a framework calls by its name, or in any other
// function. What is called while importing, also by way of functions of the file itself, counts as importing.
import type { Examination } from '../format.ts'
import { isAtLeast, type Severity } from '../rule.ts'
import { judgeShell } from '../script/shell.ts'
import { shown } from '../text.ts'
import { type Effect, effectOf, entryPoints, installsPackages, startupPath, usualProgram } from './effects.ts'
import { type Call, evaluate, type Surroundings } from './evaluate.ts'
import { parsePython } from './parse.ts'
import * as rules from './rules.ts'
import type { Expression, Statement } from './syntax.ts'
import { eitherValue, isMadeUp, nameValue, unknownValue, type Value } from './values.ts'

/** `module` is imported; a `notebook`'s cells and a script's main part run when a person starts them. */
export type Origin = 'module' | 'notebook'

interface Deed {
  readonly rule: (typeof rules)['deed']
  readonly what: string
  readonly trace: string
  readonly offset: number
  readonly atImport: Severity
  readonly atUse: Severity
  readonly inFunction: Severity
}

/** A stretch of code that runs together: the module's own, or a function's. */
interface Unit {
  readonly name: string
  readonly isModule: boolean
  readonly deeds: Deed[]
  readonly calls: Set<string>
}

/** @throws ArtifactError `over_limit` */
export function judgePython(examination: Examination, source: string, origin: Origin, nesting = 0): void {
  const judge = new Judge(examination, nesting)
  judge.walk(parsePython(source), judge.module)
  judge.conclude(origin)
}

class Judge {
  readonly module: Unit = { name: '(module)', isModule: true, deeds: [], calls: new Set() }
  readonly #main: Unit = { name: '(main)', isModule: false, deeds: [], calls: new Set() }
  readonly #units = new Map<string, Unit[]>()
  readonly #names = new Map<string, Value[]>()
  readonly #classes = new Map<string, string[]>()
  readonly #examination: Examination
  readonly #nesting: number
  #unit: Unit = this.module
  #isLoadingScript = false
  #count = 0

  constructor(examination: Examination, nesting: number) {
    this.#examination = examination
    this.#nesting = nesting
  }

  walk(statements: readonly Statement[], unit: Unit): void {
    const before = this.#unit
    this.#unit = unit
    for (const statement of statements) this.#statement(statement)
    this.#unit = before
  }

  #statement(statement: Statement): void {
    if (++this.#count % 256 === 0) this.#examination.budget.checkTime()
    switch (statement.kind) {
      case 'expression':
        this.#value(statement.value)
        return
      case 'assignment': {
        const value = this.#value(statement.value)
        for (const target of statement.targets) this.#assign(target, value)
        return
      }
      case 'import':
        for (const { module, name, as } of statement.imports) this.#import(module, name, as, statement.offset)
        return
      case 'block':
        this.#block(statement)
        return
      case 'function':
        this.#function(statement, statement.name)
        return
      case 'class':
        this.#class(statement)
        return
    }
  }

  #import(module: string, name: string | undefined, as: string, offset: number): void {
    const path = name === undefined ? module : `${module}.${name}`
    if (as !== '' && as !== '*') this.#set(as, nameValue(path))
    if (name === '*' && !module.startsWith('.')) {
      // Names that would come from there are found under the module's own.
      this.#starred.push(module)
    }
    if (/^(?:this|antigravity)$/.test(module))
      this.#deed(rules.deed, {
        what: 'imports a module that acts when imported',
        trace: module,
        offset,
        atImport: 'low',
        atUse: 'low',
        inFunction: 'low',
      })
  }
  readonly #starred: string[] = []

  #block(block: Extract<Statement, { kind: 'block' }>): void {
    const values = block.header.map((each) => this.#value(each))
    for (const target of block.targets) {
      const [value = unknownValue] = values
      this.#assign(
        target,
        value.items.length > 0
          ? eitherValue(value.items)
          : block.keyword === 'with'
            ? value
            : { ...unknownValue, origins: value.origins },
      )
    }
    const isMain = block.keyword === 'if' && block.header.some(isMainTest)
    this.walk(block.body, isMain && this.#unit.isModule ? this.#main : this.#unit)
  }

  #function(statement: Extract<Statement, { kind: 'function' }>, name: string): void {
    for (const each of statement.defaults) this.#value(each)
    this.#decorate(statement.decorators, name, statement.offset)
    const unit: Unit = { name, isModule: false, deeds: [], calls: new Set() }
    const units = this.#units.get(name) ?? []
    units.push(unit)
    this.#units.set(name, units)
    this.#set(name, nameValue(`.${name}`))
    this.walk(statement.body, unit)
  }

  #class(statement: Extract<Statement, { kind: 'class' }>): void {
    for (const { value, name } of statement.bases) {
      const base = this.#value(value)
      if (name === 'metaclass')
        for (const path of base.names)
          this.#call({ path, callee: base, method: undefined, args: [], offset: statement.offset })
      if (
        base.names.some((path) =>
          /^datasets\.(?:\w+\.)*(?:GeneratorBasedBuilder|ArrowBasedBuilder|BeamBasedBuilder|DatasetBuilder)$/.test(
            path,
          ),
        )
      )
        this.#isLoadingScript = true
    }
    this.#decorate(statement.decorators, statement.name, statement.offset)
    const methods = statement.body.flatMap((each) => (each.kind === 'function' ? [each.name] : []))
    this.#classes.set(statement.name, methods)
    this.#set(statement.name, nameValue(`.${statement.name}`))
    // What these do happens as the class, or one derived from it, is defined.
    for (const method of methods)
      if (/^__(?:set_name|init_subclass|prepare)__$/.test(method)) this.#unit.calls.add(method)
    this.walk(statement.body, this.#unit)
  }

  /** A decorator is called with what it decorates. */
  #decorate(decorators: readonly Expression[], name: string, offset: number): void {
    for (const decorator of decorators) {
      const value = this.#value(decorator)
      // Foreign decorators keep what they are given for later; the file's own, and those that run things, may call it.
      const isLocal =
        decorator.kind === 'lambda' || value.names.some((path) => path.startsWith('.') || runners.test(path))
      if (isLocal) this.#unit.calls.add(name)
      const args = isLocal ? [{ name: undefined, value: nameValue(`.${name}`) }] : []
      for (const path of value.names) this.#call({ path, callee: value, method: undefined, args, offset })
    }
  }

  #assign(target: Expression, value: Value): void {
    if (target.kind === 'name') {
      this.#set(target.name, value)
      // `__class_getitem__ = os.system`: called by what looks like no call.
      if (/^__\w+__$/.test(target.name)) this.#hidden(value, target.name, target.offset)
    } else if (target.kind === 'parts')
      for (const [index, item] of target.items.entries())
        this.#assign(item, value.items[index] ?? { ...unknownValue, origins: value.origins })
    else if (target.kind === 'attribute') {
      const object = this.#value(target.object)
      if (
        /^__\w+__$/.test(target.name) ||
        object.names.some((path) => /^(?:builtins|sys|os|torch|numpy)(?:\.|$)/.test(path))
      )
        this.#hidden(value, target.name, target.offset)
      this.#set(`.${target.name}`, value)
    } else this.#value(target)
  }

  #hidden(value: Value, name: string, offset: number): void {
    for (const path of value.names) {
      const effect = effectOf(path)
      if (effect !== undefined && isAtLeast(effect.atImport, 'high'))
        this.#deed(rules.obfuscated, {
          what: `makes ${shown(name)} ${shown(path)}, which ${effect.what} when it is used`,
          trace: `${name} = ${path}`,
          offset,
          atImport: 'high',
          atUse: 'high',
          inFunction: 'high',
        })
    }
  }

  #set(name: string, value: Value): void {
    const known = this.#names.get(name) ?? []
    if (known.length < 8 || value.names.length > 0) known.push(value)
    this.#names.set(name, known.slice(-16))
  }

  #value(expression: Expression): Value {
    return evaluate(expression, this.#around)
  }

  readonly #around: Surroundings = {
    lookUp: (name) => {
      const known = this.#names.get(name)
      if (known !== undefined) return eitherValue([...known].reverse())
      const found = this.#starred.map((module) => `${module}.${name}`).filter((path) => effectOf(path) !== undefined)
      return found.length > 0 ? nameValue(...found) : undefined
    },
    assign: (name, value) => this.#set(name, value),
    onCall: (call) => this.#call(call),
    onHiddenMember: (name, offset) => {
      this.#deed(rules.attributeWalk, {
        what: `reaches for ${shown(name)}`,
        trace: name,
        offset,
        atImport: 'high',
        atUse: 'medium',
        inFunction: 'low',
      })
    },
    onComputedName: (owner, value, offset) => {
      const isPower =
        /^(?:os|posix|nt|builtins|subprocess|sys|sys\.modules|importlib|socket|ctypes|shutil|pickle|marshal|pty)$|^builtins\.(?:__builtins__|globals\(\)|locals\(\)|__import__)$|^importlib\.\w+$|^pkgutil\.resolve_name$|^pydoc\.locate$/.test(
          owner,
        )
      const isImport =
        /^(?:builtins\.__import__|importlib\.import_module|importlib\.__import__|pkgutil\.resolve_name|pydoc\.locate)$/.test(
          owner,
        )
      if (!isPower) return
      const hidden = isMadeUp(value)
      this.#deed(hidden ? rules.obfuscated : rules.deed, {
        what: `works out the name of what it takes from ${shown(owner)}`,
        trace: `${owner}(…)`,
        offset,
        atImport: hidden ? 'critical' : isImport ? 'low' : 'medium',
        atUse: hidden ? 'high' : 'info',
        inFunction: hidden ? 'high' : 'info',
      })
    },
  }

  #call(call: Call): void {
    const { path, args, offset, callee } = call
    if (path.startsWith('.')) this.#unit.calls.add(path.slice(1).split('.')[0] ?? '')
    // A method of something that this file may have defined.
    if (call.method !== undefined && (path === '' || path.startsWith('.'))) this.#unit.calls.add(call.method)
    if (/^builtins\.\w+$/.test(path) && this.#units.has(path.slice('builtins.'.length)))
      this.#unit.calls.add(path.slice('builtins.'.length))
    for (const { value } of args) {
      for (const name of value.names) {
        if (name.startsWith('.')) this.#unit.calls.add(name.slice(1))
        else this.#passed(name, path, offset)
      }
      for (const item of value.items.slice(0, 16)) for (const name of item.names) this.#passed(name, path, offset)
    }
    const [first] = args.map(({ value }) => value)
    if (path === 'operator.methodcaller()' || path === 'operator.attrgetter()') {
      for (const owner of first?.names ?? []) {
        const name = `${owner}.${callee.text ?? ''}`
        const effect = effectOf(name)
        if (effect !== undefined) this.#report(effect, name, call, callee)
      }
      return
    }
    if (/^builtins\.(?:exec|eval|execfile|compile)$/.test(path)) {
      this.#execution(path, first ?? unknownValue, offset)
      return
    }
    if (
      this.#isWriting(
        path,
        args.map(({ value }) => value),
      )
    ) {
      this.#writing(path, call)
      return
    }
    const effect = effectOf(path)
    if (effect !== undefined) this.#report(effect, path, call, first)
    if (isSending(path)) this.#sending(path, call)
  }

  /** A function that is handed to another is called by it: `map(os.system, …)`, `Thread(target=…)`. */
  #passed(name: string, to: string, offset: number): void {
    if (
      /^builtins\.(?:print|isinstance|issubclass|callable|hasattr|id|type|super|len|str|repr|getattr|hash)$|^(?:typing|logging)\./.test(
        to,
      )
    )
      return
    const effect = effectOf(name) ?? (name === 'builtins.compile' ? effectOf('builtins.exec') : undefined)
    if (effect === undefined || !isAtLeast(effect.atImport, 'high')) return
    this.#deed(rules.deed, {
      what: `hands ${shown(name)} to ${shown(to) || 'a function'}: it ${effect.what}`,
      trace: `${to}(${name})`,
      offset,
      atImport: effect.atImport,
      atUse: effect.atUse,
      inFunction: effect.inFunction,
    })
  }

  #execution(path: string, code: Value, offset: number): void {
    const hidden = code.origins.has('decoded') || code.origins.has('network')
    if (code.text !== undefined && this.#nesting < 4) {
      // The code is known: what it does counts, here and now.
      const inner = new Judge(this.#examination, this.#nesting + 1)
      for (const [name, values] of this.#names) inner.#names.set(name, values)
      try {
        inner.walk(parsePython(code.text.replaceAll(/\r\n?/g, '\n')), this.#unit)
      } catch {
        // Not Python, or too deep: judged as unknown below.
      }
      for (const [name, units] of inner.#units) this.#units.set(name, [...(this.#units.get(name) ?? []), ...units])
    }
    const what = hidden
      ? `runs code that it ${code.origins.has('network') ? 'downloads' : 'decodes'}`
      : 'runs code made at run time'
    const isPlain = code.text !== undefined && !isMadeUp(code)
    if (path === 'builtins.compile' && !hidden) return
    this.#deed(hidden ? rules.obfuscated : rules.deed, {
      what,
      trace: `${path.slice('builtins.'.length)}(${code.text === undefined ? '…' : shown(code.text, 60)})`,
      offset,
      atImport: hidden ? 'critical' : isPlain ? 'low' : code.origins.has('file') ? 'medium' : 'high',
      atUse: hidden ? 'critical' : 'low',
      inFunction: hidden ? 'high' : 'low',
    })
  }

  #isWriting(path: string, [file, mode]: readonly Value[]): boolean {
    if (/^(?:builtins|io|codecs|gzip)\.open$/.test(path)) return mode?.text !== undefined && /[wax+]/.test(mode.text)
    return (
      /^pathlib\.Path\(\)(?:\.\w+)*\.(?:write_text|write_bytes|unlink|chmod|symlink_to|rename|touch)$/.test(path) ||
      (path === 'os.open' && file !== undefined)
    )
  }

  #writing(path: string, { args, offset, callee }: Call): void {
    const target = args[0]?.value.text ?? callee.text ?? ''
    const isStartup = startupPath.test(target)
    this.#deed(isStartup ? rules.persistence : rules.deed, {
      what: isStartup ? `writes to ${shown(target)}` : 'writes files',
      trace: `${path}(${shown(target, 60)})`,
      offset,
      atImport: isStartup ? 'critical' : 'high',
      atUse: isStartup ? 'critical' : 'info',
      inFunction: isStartup ? 'high' : 'info',
    })
  }

  #report(effect: Effect, path: string, { args, offset }: Call, first: Value | undefined): void {
    const words = first?.text ?? first?.items.map(({ text }) => text ?? '…').join(' ')
    const trace = `${path}(${words === undefined ? '…' : shown(words, 80)})`
    let { atImport, atUse, inFunction } = effect
    let { what } = effect
    let rule: Deed['rule'] = rules.deed
    if (effect.kind === 'program' && words !== undefined) {
      const shell = judgeShell(words)
      if (shell !== undefined) {
        what = `runs a command that ${shell.what}`
        atUse = graver(atUse, shell.severity)
        inFunction = graver(inFunction, shell.severity)
      } else if (usualProgram.test(words) && !/[;&|`$<>]/.test(words))
        [atImport, atUse, inFunction] = ['low', 'info', 'info']
      else if (installsPackages.test(words)) [atImport, atUse, inFunction] = ['medium', 'low', 'low']
    }
    const isShell = args.some(({ name, value }) => name === 'shell' && value.names.includes('builtins.True'))
    if (isShell && effect.atUse === 'medium' && atUse === 'medium') atUse = 'high'
    const from = first ?? unknownValue
    if (
      effect.kind === 'loading' &&
      ((from.text !== undefined && /^(?:pickle|cPickle|_pickle|dill|cloudpickle|marshal)\.loads$/.test(path)) ||
        from.origins.has('decoded') ||
        from.origins.has('network'))
    ) {
      rule = rules.obfuscated
      what = 'loads objects or code out of a text or from the network'
      ;[atImport, atUse, inFunction] = ['critical', 'high', from.origins.has('network') ? 'medium' : 'high']
    }
    if ((effect.kind === 'program' || effect.kind === 'native') && isMadeUp(from) && from.origins.has('decoded')) {
      rule = rules.obfuscated
      ;[atUse, inFunction] = ['critical', 'high']
    }
    if (
      path === 'torch.load' &&
      args.some(({ name, value }) => name === 'weights_only' && value.names.includes('builtins.True'))
    )
      return
    this.#deed(rule, { what, trace, offset, atImport, atUse, inFunction })
  }

  /** Whole environments and files of secrets in any argument; a token counts only where it is not the request's own. */
  #sending(path: string, { args, offset }: Call): void {
    const isOpen = ({ value }: Call['args'][number]) =>
      value.origins.has('environment') || (value.origins.has('secret') && value.origins.has('file'))
    const whole = args.some(isOpen)
    const token = args.some(
      ({ name, value }) =>
        value.origins.has('secret') &&
        !/^(?:headers|auth|token|use_auth_token|api_key|password|user|username|cookies|cert|verify|key)$/.test(
          name ?? '',
        ),
    )
    if (!whole && !token) return
    this.#deed(rules.exfiltration, {
      what: whole ? 'sends the environment or a file of secrets away' : 'sends a secret away',
      trace: `${path}(…)`,
      offset,
      atImport: 'critical',
      atUse: whole ? 'critical' : 'high',
      inFunction: whole ? 'high' : 'medium',
    })
  }

  #deed(rule: Deed['rule'], deed: Omit<Deed, 'rule'>): void {
    if (this.#unit.deeds.length < 200) this.#unit.deeds.push({ rule, ...deed })
  }

  conclude(origin: Origin): void {
    const { report } = this.#examination
    const imported = this.#reached([this.module])
    const entries = this.#reached([...this.#units.values()].flat().filter(({ name }) => entryPoints.has(name)))
    if (this.#isLoadingScript)
      report({ rule: rules.loadingScript, message: 'The file is a loading script of the library datasets.' })
    for (const unit of [this.module, this.#main, ...[...this.#units.values()].flat()])
      for (const deed of unit.deeds) {
        const isImport = imported.has(unit) && origin === 'module'
        const severity = isImport ? deed.atImport : entries.has(unit) ? deed.atUse : deed.inFunction
        if (severity === 'info') continue
        const when = isImport ? 'As it is imported, the code' : `In ${shown(unit.name)}, the code`
        report({
          rule: deed.rule,
          severity,
          message: `${when} ${deed.what}: ${deed.trace}`,
          at: { offset: deed.offset, element: shown(unit.name) },
          trace: unit.isModule ? [deed.trace] : [shown(unit.name), deed.trace],
          subject: deed.trace,
        })
      }
  }

  /** What is called from there, by way of the file's own functions and the constructors of its classes. */
  #reached(from: readonly Unit[]): Set<Unit> {
    const reached = new Set(from)
    for (const unit of reached)
      for (const name of unit.calls) {
        for (const each of this.#units.get(name) ?? []) reached.add(each)
        for (const method of this.#classes.get(name) ?? [])
          if (/^__(?:init|new|call|post_init|getattr|getattribute|repr|str|enter|exit|del)__$/.test(method))
            for (const each of this.#units.get(method) ?? []) reached.add(each)
      }
    return reached
  }
}

const runners =
  /^(?:atexit|signal|threading|asyncio|concurrent|timeit|sched|_thread|multiprocessing)\.|^builtins\.(?!staticmethod|classmethod|property|super|type|object)/

function graver(a: Severity, b: Severity): Severity {
  return isAtLeast(a, b) ? a : b
}

/** `__name__ == '__main__'`, either way round. */
function isMainTest(expression: Expression): boolean {
  if (expression.kind !== 'binary' || expression.operator !== '==') return false
  const sides = [expression.left, expression.right]
  return (
    sides.some((side) => side.kind === 'name' && side.name === '__name__') &&
    sides.some((side) => side.kind === 'text' && side.value === '__main__')
  )
}

function isSending(path: string): boolean {
  return /^(?:requests|httpx|aiohttp|urllib3?|urllib2|http\.client|socket|smtplib|ftplib|boto3|paramiko|websocket|huggingface_hub\.(?:upload_file|HfApi\(\)\.upload_file))\b/.test(
    path,
  )
}
