// TensorFlow's SavedModel, meta graphs, frozen graphs and Keras's metadata (tensorflow/core/protobuf/*.proto): the
// operators of the graph and of every function in its library, the assets that it names, and Keras's configurations.
import { ArtifactError } from '../error.ts'
import type { Examination, Format, Probe } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { fieldsOf, type Message, messageIn, textIn } from '../protobuf.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { type Graph, readGraph } from './graph.ts'
import { judgeGraph } from './judge.ts'
import { outsideAsset } from './rules.ts'

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
    for (const field of fieldsOf(message))
      if (field.number === 2) examineMetaGraph(examination, messageIn(message, field))
    return message.to
  },
}

/** What TensorFlow 1 writes beside a checkpoint, `model.ckpt.meta`. */
export const metaGraph: Format = {
  id: 'tf-metagraph',
  isActive: true,
  // What made it, with TensorFlow's version as a text, then the graph.
  recognise: (probe) =>
    isProtobuf(probe, [0x0a], ({ number }) => number <= 9) && hasFields(probe, 1, [5]) && hasFields(probe, 2, [1])
      ? 'plausible'
      : undefined,
  examine(examination) {
    const message = wholeOf(examination)
    examineMetaGraph(examination, message)
    return message.to
  },
}

export const frozenGraph: Format = {
  id: 'tf-graph',
  isActive: true,
  // Nodes, a library and versions; a node begins with its name and its operator.
  recognise: (probe) =>
    isProtobuf(probe, [0x0a, 0x12, 0x1a, 0x22], ({ number }) => number <= 5) && hasFields(probe, 1, [1, 2])
      ? 'plausible'
      : undefined,
  examine(examination) {
    const message = wholeOf(examination)
    judgeGraph(examination, graphIn(examination, message), new Set())
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
      for (const each of fieldsOf(node))
        if (each.wireType === 2) enterConfiguration(examination, textIn(node, each), field.offset)
    }
    return message.to
  },
}

function enterConfiguration({ enter }: Examination, text: string, offset: number): void {
  if (/^\s*\{/.test(text)) enter(`node at ${offset}.json`, bytesSource(Buffer.from(text)), 'keras-config')
}

function graphIn({ budget, opaque }: Examination, message: Message): Graph {
  return readGraph(
    message,
    () => budget.checkTime(),
    (offset, length) => opaque(offset, length, 'a constant'),
  )
}

/** MetaGraphDef: graphs first, so that the assets, which come behind them, are known. */
function examineMetaGraph(examination: Examination, message: Message): void {
  const assets = new Set<string>()
  const graphs: Graph[] = []
  for (const field of fieldsOf(message)) {
    if (field.number === 2) graphs.push(graphIn(examination, messageIn(message, field)))
    else if (field.number === 6) assets.add(examineAsset(examination, messageIn(message, field)))
    else if (field.number === 7) examineObjects(examination, messageIn(message, field))
  }
  for (const graph of graphs) judgeGraph(examination, graph, assets)
}

/** AssetFileDef: a tensor and a file name, which is looked for in the folder `assets`. @returns the node of the tensor */
function examineAsset({ report }: Examination, message: Message): string {
  let node = ''
  for (const field of fieldsOf(message)) {
    if (field.number === 1) {
      const tensor = messageIn(message, field)
      for (const each of fieldsOf(tensor)) if (each.number === 1) node = textIn(tensor, each).replace(/:\d+$/, '')
    }
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
  return node
}

/** SavedObjectGraph: TensorFlow up to 2.4 kept Keras's configurations in the objects themselves. */
function examineObjects(examination: Examination, message: Message): void {
  for (const field of fieldsOf(message)) {
    if (field.number !== 1) continue
    const object = messageIn(message, field)
    for (const each of fieldsOf(object)) {
      if (each.number !== 4 || each.wireType !== 2) continue
      const user = messageIn(object, each)
      for (const part of fieldsOf(user))
        if (part.number === 3 && part.wireType === 2) enterConfiguration(examination, textIn(user, part), part.offset)
    }
  }
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
