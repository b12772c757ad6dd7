// Judges a document by what a program that is configured with it would do: import and call what it names, render its
// templates, open the files that it lists. The names of keys decide, because the same keys mean the same everywhere.
import type { Examination } from '../format.ts'
import { type JsonNode, member } from '../json/parse.ts'
import { escapesFolder } from '../member-name.ts'
import { judgeRequirement } from '../requirements/judge.ts'
import type { Severity } from '../rule.ts'
import { judgeShell } from '../script/shell.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { isImportPath, weighImport } from './imports.ts'
import * as rules from './rules.ts'
import { judgeSkops } from './skops.ts'
import { type Visited, walk } from './walk.ts'

/** @param isData  records, not settings: what they say is text, and means nothing to a program */
export function judgeConfiguration(examination: Examination, root: JsonNode, isData = false): void {
  if (member(root, '__loader__') !== undefined) judgeSkops(examination, root)
  let seen = 0
  for (const visited of walk(root)) {
    if (++seen % 4096 === 0) examination.budget.checkTime()
    if (visited.node.kind === 'object') judgeObject(examination, visited)
    else if (visited.node.kind === 'text') judgeValue(examination, visited, visited.node.value, isData)
  }
}

function judgeObject(examination: Examination, { node, pointer, key }: Visited): void {
  if (node.kind !== 'object') return
  if (key === 'auto_map' || key === 'custom_pipelines') judgeRemoteCode(examination, node, pointer)
  if (key === 'weight_map' || key === 'weightsManifest') judgePaths(examination, node, pointer)
  // jsonpickle: the reader makes objects and calls functions.
  for (const { name, value } of node.members)
    if (/^py\/(?:reduce|object|function|type|module|newargs|newargsex|ref|repr)$/.test(name) && name !== 'py/ref')
      judgeJsonPickle(examination, name, value, pointer)
  judgeLangChain(examination, node, pointer)
}

/** Keys whose text is imported, and what comes of it called. */
const importKeys =
  /^(?:_target_|target|class_path|_class_|_type_|_func_|_callable_|loader_module|parent_library|custom_loader|import_path|import_name|entrypoint|entry_point|python_model|callable|func_path|function_path|factory|__callable__|_import_|constructor_path|megatron_core|megatron_config|cls_path|type_path|module_class)$/

function judgeValue(examination: Examination, visited: Visited, text: string, isData: boolean): void {
  const { key, pointer, parent } = visited
  if (isTemplateKey(key, parent)) {
    if (/\{[{%]/.test(text))
      examination.enter(`${pointer.slice(1) || 'template'}`, bytesSource(Buffer.from(text)), 'jinja')
  } else if (!isData && /\{[{%][^}]{0,400}(?:__\w+__|\|\s*attr\b|lipsum|cycler)/.test(text))
    examination.report({
      rule: rules.unreadTemplate,
      message: `The value of ${shown(key)} reaches for hidden attributes.`,
      at: { pointer },
    })
  if (importKeys.test(key)) judgeImport(examination, visited, text)
  else if (key === 'type' && member(parent, 'path') !== undefined && member(parent, 'idx') !== undefined)
    judgeImport(examination, visited, text)
  else if (key === 'type' && isImportPath(text) && member(parent, 'idx') !== undefined)
    judgeImport(examination, visited, text)
  else if (key === 'path' && isInstantiator(parent)) judgeImport(examination, visited, text)
  if (pathKeys.test(key) || (key === 'path' && member(parent, 'idx') !== undefined))
    judgePath(examination, text, pointer)
  if (/^_?attn_implementation/.test(key) && text.includes('/')) judgeKernel(examination, text, pointer)
  if (key === 'custom_generate' || key === 'custom_pipeline' || key === 'tool_class') remote(examination, text, pointer)
  if (key === 'handler' && member(parent, 'modelName') !== undefined) judgeHandler(examination, text, pointer)
  if (/^(?:pip_requirements|requirements|pip|dependencies|install_requires|packages)$/.test(key))
    for (const line of text.split('\n')) judgeRequirement(examination, line, { pointer })
  if (key === 'Regex' && hasNestedRepeat(text))
    examination.report({
      rule: rules.slowPattern,
      message: `The pattern repeats what already repeats: ${shown(text, 60)}`,
      at: { pointer },
    })
  if (isData) return
  if (commandKeys.test(key) || (key === 'args' && member(parent, 'command') !== undefined))
    judgeCommand(examination, text, pointer, key)
  judgeResolvers(examination, text, pointer)
  if (isCode(text) && !proseKeys.test(key))
    examination.report({
      rule: rules.codeText,
      message: `The value of ${shown(key)} is code: ${shown(text.trim(), 80)}`,
      at: { pointer },
    })
}

function isTemplateKey(key: string, parent: JsonNode | undefined): boolean {
  if (/^(?:default_)?(?:chat|tool|prompt)_templates?(?:_jinja)?$|^chat_template[\w.]*$/.test(key))
    return key !== 'prompt_template'
  return (
    key === 'template' &&
    member(parent, 'name') !== undefined &&
    parent?.kind === 'object' &&
    parent.members.length === 2
  )
}

function isInstantiator(parent: JsonNode | undefined): boolean {
  const target = member(parent, '_target_')
  return target?.kind === 'text' && /^hydra\.utils\.(?:get_\w+|call|instantiate)$|^hydra\._internal/.test(target.value)
}

function judgeImport({ report, options }: Examination, { key, pointer, parent }: Visited, text: string): void {
  const isCertain = /^_\w+_$|^class_path$|^loader_module$|^parent_library$/.test(key)
  // `target` and the like mean other things too: a device, a column, an address.
  if (!isCertain && !isImportPath(text)) return
  if (
    key === 'parent_library' &&
    /^(?:transformers|diffusers|peft|sentence_transformers|timm|torch|open_clip)\b/.test(text)
  )
    return
  if (key === 'loader_module' && /^mlflow(?:\.\w+)*$/.test(text)) return
  if (key === 'target' && parent?.kind === 'object' && !isImportPath(text)) return
  const weight = weighImport(/^(?:loader_module|parent_library)$/.test(key) ? `${text}.*` : text, options.allowed)
  const isModule = key === 'loader_module' || key === 'parent_library'
  if (weight === undefined) return
  const severity = isModule && weight.severity === 'low' ? 'medium' : weight.severity
  const isDangerous = severity === 'high' || severity === 'critical'
  report({
    rule: isDangerous ? rules.dangerousTarget : rules.unknownTarget,
    severity,
    message: isDangerous
      ? `${shown(key)} names ${shown(text)}, which ${weight.what}.`
      : `${shown(key)} names ${shown(text)}, which ${weight.what}.`,
    at: { pointer },
    trace: [shown(`${text}(…)`)],
    subject: shown(text),
  })
}

function judgeRemoteCode(examination: Examination, node: JsonNode, pointer: string): void {
  for (const visited of walk(node))
    if (
      visited.node.kind === 'text' &&
      /\.\w+$/.test(visited.node.value) &&
      !/^(?:pt|tf|default|model)$/.test(visited.key)
    )
      remote(examination, visited.node.value, `${pointer}${visited.pointer}`)
}

function remote({ report }: Examination, value: string, pointer: string): void {
  const other = value.split('--')
  const isElsewhere = other.length > 1 || value.includes('/')
  const severity: Severity = isElsewhere ? 'medium' : 'low'
  const message = isElsewhere
    ? `Code of another repository is run: ${shown(value)}.`
    : `Code of this repository is run: ${shown(value)}.`
  report({ rule: rules.remoteCode, severity, message, at: { pointer }, subject: shown(value) })
  if (escapesFolder(other.at(-1)?.replace(/\.\w+$/, '') ?? ''))
    report({ rule: rules.pathEscape, message: `The code lies at ${shown(value)}.`, at: { pointer } })
}

/** Keys whose text is opened as a file beside this one. */
const pathKeys =
  /^(?:weight_map|file_name|\w+_file_name|file_names|contentUrl|data_files|serializedFile|modelFile|extraFiles|requirementsFile|paths|external_data|filenames|shards|shard_file|artifact_path|model_data|loader_path|code|data)$/

function judgePath({ report }: Examination, text: string, pointer: string): void {
  if (text.length > 4096 || text.includes('\n')) return
  const isLocalUrl = /^file:/i.test(text)
  if (!isLocalUrl && (/^[a-z][a-z0-9+.-]+:\/\//i.test(text) || !escapesFolder(text))) return
  report({
    rule: rules.pathEscape,
    message: `A file is named at ${shown(text)}.`,
    at: { pointer },
    subject: shown(text),
  })
}

function judgePaths(examination: Examination, node: JsonNode, pointer: string): void {
  for (const visited of walk(node))
    if (visited.node.kind === 'text') judgePath(examination, visited.node.value, `${pointer}${visited.pointer}`)
}

function judgeKernel({ report }: Examination, text: string, pointer: string): void {
  const severity: Severity = text.startsWith('kernels-community/') ? 'low' : 'medium'
  report({
    rule: rules.pluginKernel,
    severity,
    message: `Compiled code is fetched from ${shown(text)}.`,
    at: { pointer },
  })
}

/** TorchServe: the name of a handler of its own, or a file in the archive that is run. */
function judgeHandler(examination: Examination, text: string, pointer: string): void {
  if (/^(?:\w+_(?:classifier|detector|segmenter|handler)|base_handler)$/.test(text)) return
  remote(examination, text, pointer)
  judgePath(examination, text.split(':')[0] ?? '', pointer)
}

/** OmegaConf: `${oc.env:NAME}`, and resolvers that evaluate. */
function judgeResolvers({ report }: Examination, text: string, pointer: string): void {
  if (!text.includes('${')) return
  for (const { 1: name = '', 2: argument = '' } of text.matchAll(/\$\{\s*([\w.]+)\s*:\s*([^}]{0,400})\}/g)) {
    if (/^(?:oc\.)?env$/.test(name)) {
      const severity: Severity = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE/i.test(argument) ? 'medium' : 'info'
      report({
        rule: rules.resolver,
        severity,
        message: `The variable ${shown(argument, 60)} is read.`,
        at: { pointer },
        subject: shown(argument),
      })
    } else if (/^(?:\w+\.)?(?:eval|python|exec|py|sh|shell|cmd|subprocess|import|call|lambda)$/.test(name)) {
      const isSimple =
        /^[\w\s.+*/%()<>=,'"$&|^{}-]*$/.test(argument) &&
        !/__|\b(?:import|exec|eval|open|os|sys|lambda)\b/.test(argument)
      report({
        rule: rules.resolver,
        severity: isSimple ? 'low' : 'high',
        message: `The value is worked out by ${shown(name)}: ${shown(argument, 60)}`,
        at: { pointer },
        subject: shown(argument),
      })
    }
  }
}

const proseKeys =
  /^(?:description|text|content|prompt|source|code|body|message|example|readme|citation|comment|title|instruction|output|input|completion|license|docs?|summary|note|usage|run|command|script|cmd)s?$/i

/** An expression that gets at the system, in the spellings of Python. */
function isCode(text: string): boolean {
  if (text.length > 20_000 || !text.includes('(')) return false
  return /__import__\s*\(|__builtins__|__subclasses__|__globals__|\b(?:os|posix|nt|subprocess|pty|commands)\s*\.\s*\w+\s*\(|\b(?:exec|eval|compile)\s*\(\s*\S|\bgetattr\s*\(\s*__|importlib\s*\.\s*\w+\s*\(|\bsocket\s*\.\s*socket\s*\(|pickle\s*\.\s*loads?\s*\(|open\s*\(\s*['"][^'"]+['"]\s*,\s*['"][wax]/.test(
    text,
  )
}

const commandKeys =
  /^(?:command|cmd|commands|run|script|scripts|shell|exec|preinstall|install|postinstall|prepare|prepublish|postCreateCommand|postStartCommand|postAttachCommand|onCreateCommand|initializeCommand|updateContentCommand|entrypoint|RUN|setup_script|init_script|pre_run|post_run|hooks?)$/

function judgeCommand(examination: Examination, text: string, pointer: string, key: string): void {
  const found = judgeShell(text)
  if (found !== undefined)
    examination.report({
      rule: rules.command,
      severity: found.severity,
      message: `The command of ${shown(key)} ${found.what}: ${shown(text, 80)}`,
      at: { pointer },
    })
}

/** A group that repeats and holds nothing but a repetition: `(a+)+`. */
function hasNestedRepeat(pattern: string): boolean {
  return /\((?:\?:)?(?:\[[^\]]*\]|\\?.)[+*]\)[+*]|\((?:\?:)?\.[*+][^()]{0,10}\)[+*]/.test(pattern)
}

function judgeJsonPickle({ report, options }: Examination, name: string, value: JsonNode, pointer: string): void {
  const named = value.kind === 'text' ? value.value : value.kind === 'array' ? firstText(value) : ''
  const weight = isImportPath(named) ? weighImport(named, options.allowed) : undefined
  const isCall = name === 'py/reduce' || name === 'py/function' || name === 'py/repr'
  const severity: Severity =
    weight?.severity === 'critical' || name === 'py/repr'
      ? 'critical'
      : isCall || weight?.severity === 'high'
        ? 'high'
        : 'medium'
  report({
    rule: rules.objectTag,
    severity,
    message: `${shown(name)} makes jsonpickle ${isCall ? 'call' : 'make an object of'} ${shown(named) || 'something'}.`,
    at: { pointer: `${pointer}/${name.replace('/', '~1')}` },
  })
}

function firstText(node: JsonNode): string {
  for (const { node: each } of walk(node)) if (each.kind === 'text') return each.value
  return ''
}

/** LangChain's serialised objects: a constructor by its path, a secret by its variable. */
function judgeLangChain({ report, options }: Examination, node: JsonNode, pointer: string): void {
  if (member(node, 'lc') === undefined) return
  const type = member(node, 'type')
  const id = member(node, 'id')
  if (type?.kind !== 'text' || id?.kind !== 'array') return
  const path = id.items.map((item) => (item.kind === 'text' ? item.value : '')).join('.')
  if (type.value === 'secret')
    report({
      rule: rules.resolver,
      severity: 'medium',
      message: `The secret ${shown(path)} is read from the environment.`,
      at: { pointer },
    })
  const weight = type.value === 'constructor' ? weighImport(path, options.allowed) : undefined
  if (weight !== undefined)
    report({
      rule: weight.severity === 'high' || weight.severity === 'critical' ? rules.dangerousTarget : rules.unknownTarget,
      severity: weight.severity,
      message: `The object ${shown(path)} is made, which ${weight.what}.`,
      at: { pointer },
    })
}
