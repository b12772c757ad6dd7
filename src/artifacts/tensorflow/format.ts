// TensorFlow's SavedModel, frozen graphs and Keras's metadata (tensorflow/core/protobuf/*.proto): the operators of the
// graph and of every function in its library, and the assets that it names.
import { ArtifactError } from '../error.ts'
import type { Examination, Format, Probe } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { fieldsOf, type Message, messageIn, textIn } from '../protobuf.ts'
import type { Rule } from '../rule.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { isCustomOperator, judgeOperator } from './operators.ts'

const customOperator: Rule = {
  id: 'tensorflow/custom-operator',
  title: 'The graph needs a library of operators that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-829'],
  remedy: 'Load only libraries of operators that you trust.',
}

const outsideAsset: Rule = {
  id: 'tensorflow/outside-asset',
  title: 'An asset lies outside of the folder of the model',
  severity: 'high',
  cwe: ['CWE-22'],
  remedy: 'Do not load it; take the model from its publisher again.',
}

export const savedModel: Format = {
  id: 'tf-savedmodel',
  isActive: true,
  recognise: (probe) => {
    if (probe.name === 'saved_model.pb') return 'certain'
    // A version, then a graph that says of itself which TensorFlow made it.
    return isProtobuf(probe, [0x08, 0x12], ({ number }) => number === 1 || number === 2) && hasFields(probe, 2, [1, 2])
      ? 'plausible'
      : undefined
  },
  examine(examination) {
    const message = wholeOf(examination)
    const walk = createWalk(examination)
    for (const field of fieldsOf(message)) if (field.number === 2) walk.metaGraph(messageIn(message, field))
    return message.to
  },
}

export const frozenGraph: Format = {
  id: 'tf-graph',
  isActive: true,
  // Nodes, then a library and versions; a node begins with its name and its operator.
  recognise: (probe) =>
    isProtobuf(probe, [0x0a], ({ number }) => number <= 4) && hasFields(probe, 1, [1, 2]) ? 'plausible' : undefined,
  examine(examination) {
    const message = wholeOf(examination)
    createWalk(examination).graph(message)
    return message.to
  },
}

/** keras_metadata.pb: for each object of the model its configuration, as JSON. */
export const kerasMetadata: Format = {
  id: 'tf-keras-metadata',
  isActive: true,
  recognise: ({ name }) => (name === 'keras_metadata.pb' ? 'certain' : undefined),
  examine(examination) {
    const message = wholeOf(examination)
    for (const field of fieldsOf(message)) {
      if (field.number !== 1) continue
      const node = messageIn(message, field)
      for (const each of fieldsOf(node)) {
        if (each.wireType !== 2) continue
        const text = textIn(node, each)
        if (text.startsWith('{'))
          examination.enter(`node at ${field.offset}.json`, bytesSource(Buffer.from(text)), 'keras-config')
      }
    }
    return message.to
  },
}

function createWalk(examination: Examination) {
  const { report, budget, options } = examination

  function metaGraph(message: Message): void {
    for (const field of fieldsOf(message)) {
      if (field.number === 2) graph(messageIn(message, field))
      else if (field.number === 6) asset(messageIn(message, field))
    }
  }

  function graph(message: Message): void {
    for (const field of fieldsOf(message)) {
      budget.checkTime()
      if (field.number === 1) node(messageIn(message, field), 'the graph')
      else if (field.number === 2) library(messageIn(message, field))
    }
  }

  /** FunctionDefLibrary of FunctionDefs: a signature with a name, and nodes. */
  function library(message: Message): void {
    for (const field of fieldsOf(message)) {
      if (field.number !== 1) continue
      const definition = messageIn(message, field)
      let name = 'a function'
      for (const each of fieldsOf(definition)) {
        if (each.number === 1) name = firstText(messageIn(definition, each)) ?? name
        if (each.number === 3) node(messageIn(definition, each), name)
      }
    }
  }

  function node(message: Message, where: string): void {
    let name = ''
    let operator = ''
    for (const field of fieldsOf(message)) {
      if (field.number === 1) name = textIn(message, field)
      if (field.number === 2) operator = textIn(message, field)
    }
    const at = { offset: message.from, length: message.to - message.from, element: shown(operator) }
    const rule = judgeOperator(operator)
    const what = `The operator ${shown(operator)} (${shown(name)}, in ${shown(where)})`
    if (rule !== undefined)
      report({ rule, message: `${what}: ${rule.title.toLowerCase()}.`, at, subject: shown(operator) })
    else if (isCustomOperator(operator))
      report({
        rule: customOperator,
        message: `${what} comes from a library of its own.`,
        at,
        subject: shown(operator),
      })
    if (options.inspectText !== undefined && name.length > 256)
      for (const found of options.inspectText(name, '/node/name')) report(found)
  }

  /** AssetFileDef: a tensor and a file name, which is looked for in the folder `assets`. */
  function asset(message: Message): void {
    for (const field of fieldsOf(message)) {
      if (field.number !== 2) continue
      const name = textIn(message, field)
      if (escapesFolder(name))
        report({
          rule: outsideAsset,
          message: `The asset ${shown(name)} leads out of the folder.`,
          at: { offset: field.offset },
          subject: shown(name),
        })
    }
  }

  return { metaGraph, graph }
}

function firstText(message: Message): string | undefined {
  for (const field of fieldsOf(message)) if (field.number === 1 && field.wireType === 2) return textIn(message, field)
  return undefined
}

function wholeOf({ source }: Examination): Message {
  return { source, from: 0, to: source.size }
}

function isProtobuf(
  { source, head }: Probe,
  firstBytes: readonly number[],
  isField: (field: { number: number }) => boolean,
): boolean {
  if (!firstBytes.includes(head[0] ?? 0)) return false
  try {
    let count = 0
    for (const field of fieldsOf({ source, from: 0, to: source.size })) {
      if (!isField(field)) return false
      if (++count >= 16) return true
    }
    return count > 0
  } catch (error) {
    if (error instanceof ArtifactError) return false
    throw error
  }
}

/** Whether the first field of that number is itself a message that has texts or messages at these numbers. */
function hasFields({ source }: Probe, number: number, wanted: readonly number[]): boolean {
  const whole = { source, from: 0, to: source.size }
  try {
    for (const field of fieldsOf(whole)) {
      if (field.number !== number || field.wireType !== 2) continue
      const found = new Set<number>()
      for (const inner of fieldsOf(messageIn(whole, field))) if (inner.wireType === 2) found.add(inner.number)
      return wanted.every((each) => found.has(each))
    }
    return false
  } catch (error) {
    if (error instanceof ArtifactError) return false
    throw error
  }
}
