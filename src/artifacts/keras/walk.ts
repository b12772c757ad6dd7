// Every object in a configuration, at any depth and under any key: Keras makes objects of whatever looks like one
// (keras/src/saving/serialization_lib.py), and so do its layers with what they are given.
import type { Examination } from '../format.ts'
import { type JsonNode, member } from '../json/parse.ts'
import type { Rule, Severity } from '../rule.ts'
import { bytesSource } from '../source.ts'
import { judgeOperator } from '../tensorflow/operators.ts'
import { shown } from '../text.ts'
import { judgeObject, type Named } from './judge.ts'
import { isComputingTensorFlow } from './names.ts'
import { payloadIn } from './payload.ts'
import * as rules from './rules.ts'

export function walkConfiguration(examination: Examination, root: JsonNode): void {
  const { budget, options, enter } = examination
  visit(root, '', '')

  /** @param key  under which the value stands */
  function visit(node: JsonNode, pointer: string, key: string): void {
    if (node.kind === 'text') examineText(node.value, pointer, key, node.offset)
    else if (node.kind === 'array')
      node.items.forEach((item, index) => {
        visit(item, `${pointer}/${index}`, key)
      })
    else if (node.kind === 'object') {
      budget.checkTime()
      examineObject(node, pointer)
      for (const { name, value } of node.members) visit(value, `${pointer}/${pointerPart(name)}`, name)
    }
  }

  function report(rule: Rule, message: string, pointer: string, offset: number, severity?: Severity): void {
    const at = { offset, pointer: shown(pointer, 400) }
    examination.report({
      rule,
      message,
      at,
      subject: shown(pointer, 400),
      ...(severity === undefined ? {} : { severity }),
    })
  }

  function examineObject(node: JsonNode, pointer: string): void {
    const className = member(node, 'class_name')
    if (className === undefined) return
    const hasConfig = member(node, 'config') !== undefined
    // Without one of these it is a label or the like, of which Keras makes nothing.
    if (!hasConfig && member(node, 'module') === undefined && member(node, 'registered_name') === undefined) return
    if (className.kind !== 'text') {
      if (hasConfig) report(rules.oddNode, 'An object has a class whose name is no text.', pointer, node.offset)
      return
    }
    const module = textOf(node, 'module')
    const registeredName = textOf(node, 'registered_name')
    if (module === null || registeredName === null)
      report(rules.oddNode, 'An object has a module or a registered name that is no text.', pointer, node.offset)
    const named = { module: module ?? undefined, registeredName: registeredName ?? undefined }
    const config = member(node, 'config')
    if (isLambda(className.value, named.registeredName)) {
      examineLambda(node, config, pointer)
      return
    }
    const object = objectOf(className.value, node, named)
    if (object === undefined) report(rules.oddNode, 'A function has no name.', pointer, node.offset)
    else {
      const judgement = judgeObject(object, (name) => options.allowed.has(name))
      if (judgement !== undefined) report(judgement.rule, judgement.message, pointer, node.offset, judgement.severity)
    }
    examineTensorFlow(className.value, config, pointer, node.offset)
    examineFiles(className.value, config, pointer)
  }

  function objectOf(
    className: string,
    node: JsonNode,
    named: Pick<Named, 'module' | 'registeredName'>,
  ): Named | undefined {
    if (className === '__typespec__') {
      const name = textOf(node, 'spec_name')
      return typeof name === 'string' ? { kind: 'class', name, ...named } : undefined
    }
    if (className !== 'function') return { kind: 'class', name: className, ...named }
    const config = member(node, 'config')
    const name = config?.kind === 'text' ? config.value : textOf(config, 'name') || textOf(config, 'class_name')
    return typeof name === 'string' ? { kind: 'function', name, ...named } : undefined
  }

  /** A Lambda layer, or a lambda anywhere: with code, or with the name of a function. */
  function examineLambda(node: JsonNode, config: JsonNode | undefined, pointer: string): void {
    const className = textOf(node, 'class_name')
    const called = member(config, 'function')
    const isNamed =
      className !== '__lambda__' &&
      textOf(config, 'function_type') !== 'lambda' &&
      (called?.kind === 'text' ? payloadIn(called.value) === undefined : textOf(called, 'class_name') === 'function')
    if (!isNamed) {
      report(
        rules.code,
        'A lambda carries compiled Python code, which runs when it is loaded or used.',
        pointer,
        node.offset,
      )
      return
    }
    const [name, module] =
      called?.kind === 'text' ? [called.value, textOf(config, 'module') ?? undefined] : [undefined, undefined]
    if (name === undefined) {
      report(rules.customObject, 'A Lambda layer calls a function by its name.', pointer, node.offset)
      return
    }
    const judgement = judgeObject({ kind: 'function', name, module, registeredName: undefined }, (each) =>
      options.allowed.has(each),
    )
    const message = `A Lambda layer calls ${shown(name)}.`
    if (judgement === undefined) report(rules.customObject, message, pointer, node.offset)
    else report(judgement.rule, `${message} ${judgement.message}`, pointer, node.offset, judgement.severity)
  }

  /** Layers that older files put around calls of TensorFlow's functions and operators. */
  function examineTensorFlow(className: string, config: JsonNode | undefined, pointer: string, offset: number): void {
    const place = `${pointer}/config`
    if (className === 'TFOpLambda') {
      const symbol = textOf(config, 'function') || textOf(config, 'symbol')
      if (typeof symbol !== 'string' || !isComputingTensorFlow(symbol.replace(/^tf\./, '')))
        report(rules.function_, `A layer calls tf.${shown(symbol ?? '?')}.`, place, offset)
    } else if (/^(?:ClassMethod|InstanceMethod|InstanceProperty)$/.test(className)) {
      const method = textOf(config, 'method_name') || textOf(config, 'attr_name')
      const isPlain =
        typeof method === 'string' &&
        /^[a-z][a-z0-9_]*$/.test(method) &&
        !/load|save|write|read|open|exec|eval/.test(method)
      if (!isPlain) report(rules.function_, `A layer calls the method ${shown(method ?? '?')}.`, place, offset)
    } else if (className === 'TensorFlowOpLayer') {
      const definition = member(config, 'node_def')
      const operator =
        definition?.kind === 'text'
          ? /(?:^|[\s{,"])op"?\s*:\s*\\?"([^"\\]*)/.exec(definition.value)?.[1]
          : (textOf(definition, 'op') ?? undefined)
      const rule = operator === undefined ? rules.function_ : judgeOperator(operator)
      if (rule !== undefined)
        report(rule, `A layer runs the operator ${shown(operator ?? '?')} of TensorFlow.`, place, offset)
    }
  }

  /** Arguments that are opened: vocabularies first of all, which may be a path or an address instead of a list. */
  function examineFiles(className: string, config: JsonNode | undefined, pointer: string): void {
    if (config?.kind !== 'object') return
    const isLookup = /(?:StringLookup|IntegerLookup|TextVectorization|IndexLookup)$/.test(className)
    for (const { name, value } of config.members) {
      if (value.kind !== 'text' || value.value === '') continue
      const isOpened = isLookup && (name === 'vocabulary' || name === 'idf_weights')
      if (!isOpened && !(fileArguments.test(name) && looksLikePath(value.value))) continue
      const message = `${shown(className)} reads its ${shown(name)} from ${shown(value.value)}.`
      report(rules.file, message, `${pointer}/config/${pointerPart(name)}`, value.offset)
    }
  }

  function examineText(text: string, pointer: string, key: string, offset: number): void {
    const payload = payloadIn(text)
    if (payload?.kind === 'code') report(rules.code, 'A text is compiled Python code.', pointer, offset)
    else if (payload?.kind === 'content') enter(shown(pointer, 400), bytesSource(payload.bytes), payload.format)
    else if (
      !nameKeys.test(key) &&
      /^(?:[a-z][a-z0-9+]*:\/\/|[/\\]{1,2}[\w.-]+[/\\]|[A-Za-z]:\\|~\/|(?:\.\.[/\\])+)/.test(text)
    )
      report(rules.file, `The value ${shown(text)} is a path or an address.`, pointer, offset, 'low')
    for (const found of options.inspectText?.(text, pointer) ?? []) examination.report(found)
  }
}

const fileArguments =
  /^(?:vocab(?:ulary)?(?:_?(?:file|path|url|size_file))?|merges(?:_file)?|proto|(?:file|model|saved_model|checkpoint|weights|asset|data|load|save|backup|export|log|cache)_?(?:path|dir|file|name|url)?|path|filename|url|uri|origin|handle|idf_weights|hub_url|preset)$/

const nameKeys =
  /^(?:name|description|doc|comment|.*_name|inbound_nodes|input_layers|output_layers|keras_history|vocabulary|labels|classes|class_names)$/

/** Absolute, upwards, with a scheme, or with the ending of a file. */
function looksLikePath(text: string): boolean {
  if (text.length > 4096) return false
  return (
    /^(?:[a-z][a-z0-9+.-]*:\/\/|[/\\~]|\.{1,2}[/\\]|[A-Za-z]:[/\\])/i.test(text) ||
    /\.(?:txt|json|csv|tsv|model|spm|vocab|h5|hdf5|keras|pb|bin|pkl|pickle|npy|npz|pt|pth|zip|tar|gz|py|so|dll|ya?ml)$/i.test(
      text,
    )
  )
}

function isLambda(className: string, registeredName: string | undefined): boolean {
  return [className, registeredName ?? ''].some(
    (name) => name === '__lambda__' || name.replace(/^.*>/, '') === 'Lambda',
  )
}

/** @returns undefined when it is absent or null, null when it is something else than a text */
function textOf(node: JsonNode | undefined, name: string): string | undefined | null {
  const value = member(node, name)
  if (value === undefined || (value.kind === 'literal' && value.value === null)) return undefined
  return value.kind === 'text' ? value.value : null
}

/** RFC 6901. */
function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
