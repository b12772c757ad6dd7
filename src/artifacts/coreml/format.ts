// Core ML models (apple/coremltools, mlmodel/format/Model.proto): custom layers and custom models are classes of the
// program that loads the model, with parameters that the model gives them; weights may lie in other files.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { fieldsOf, type Message, messageIn, textIn } from '../protobuf.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../text.ts'

const customClass: Rule = {
  id: 'coreml/custom-class',
  title: 'The model names a class of the program that loads it',
  severity: 'high',
  cwe: ['CWE-470'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  remedy: 'Do not load it in a program that has a class of that name, unless you know what the class does.',
}

const outsideFile: Rule = {
  id: 'coreml/outside-file',
  title: 'Weights are read from a file outside of the folder of the model',
  severity: 'high',
  cwe: ['CWE-22'],
  remedy: 'Do not load it; take the model from its publisher again.',
}

/** Field numbers of Model.Type that hold models: pipelines and the kinds of networks. */
const networks = new Set([303, 403, 500])
const pipelines = new Set([200, 201, 202])
const customModel = 555
const maxDepth = 32

export const coreml: Format = {
  id: 'coreml',
  isActive: true,
  recognise({ source, name, head }) {
    if (head[0] !== 0x08) return undefined
    try {
      let hasDescription = false
      let hasType = false
      for (const field of fieldsOf({ source, from: 0, to: source.size })) {
        if (field.number === 2 && field.wireType === 2) hasDescription = true
        else if (field.number >= 200 && field.number <= 3000) hasType = true
        else if (field.number !== 1 && field.number !== 10) return undefined
      }
      return hasType && (hasDescription || name.endsWith('.mlmodel')) ? 'certain' : undefined
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error
      return name.endsWith('.mlmodel') ? 'certain' : undefined
    }
  },
  examine(examination) {
    const { source } = examination
    model(examination, { source, from: 0, to: source.size }, 0)
    return source.size
  },
}

function model(examination: Examination, message: Message, depth: number): void {
  if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: models more than ${maxDepth} deep`)
  for (const field of fieldsOf(message)) {
    examination.budget.checkTime()
    if (field.wireType !== 2) continue
    const inner = () => messageIn(message, field)
    if (networks.has(field.number)) network(examination, inner(), depth)
    else if (pipelines.has(field.number)) pipeline(examination, inner(), depth)
    else if (field.number === customModel) named(examination, inner(), 'custom model')
    else if (field.number === 502) program(examination, inner())
  }
}

/** Pipeline: models; PipelineClassifier and PipelineRegressor hold a Pipeline. */
function pipeline(examination: Examination, message: Message, depth: number): void {
  for (const field of fieldsOf(message)) {
    if (field.number !== 1 || field.wireType !== 2) continue
    const inner = messageIn(message, field)
    if (isModel(inner)) model(examination, inner, depth + 1)
    else pipeline(examination, inner, depth + 1)
  }
}

function isModel(message: Message): boolean {
  for (const field of fieldsOf(message)) return field.number === 1 && field.wireType === 0
  return false
}

/** NeuralNetworkLayer: its kind is the number of a field; 500 is a custom layer. Loops and branches hold networks. */
function network(examination: Examination, message: Message, depth: number): void {
  if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: networks more than ${maxDepth} deep`)
  for (const field of fieldsOf(message)) {
    if (field.number !== 1 || field.wireType !== 2) continue
    const layer = messageIn(message, field)
    for (const each of fieldsOf(layer)) {
      if (each.wireType !== 2) continue
      if (each.number === 500) named(examination, messageIn(layer, each), 'custom layer')
      else if (each.number === 600 || each.number === 605 || each.number === 615)
        for (const branch of fieldsOf(messageIn(layer, each)))
          if (branch.wireType === 2) attempt(() => network(examination, messageIn(layer, branch), depth + 1))
    }
  }
}

/** CustomLayerParams and CustomModel: the name of the class, and texts among its parameters. */
function named({ report }: Examination, message: Message, what: string): void {
  for (const field of fieldsOf(message)) {
    if (field.wireType !== 2 || (field.number !== 10 && field.number !== 1)) continue
    const name = textIn(message, field)
    report({
      rule: customClass,
      message: `A ${what} is the class ${shown(name)}.`,
      at: { offset: message.from },
      subject: shown(name),
    })
  }
}

/** ML Program: what its operations read is named by texts like `@model_path/weights/weight.bin`. */
function program({ report, source }: Examination, message: Message): void {
  const text = Buffer.from(source.read(message.from, Math.min(message.to - message.from, 64 * 1024 * 1024))).toString(
    'latin1',
  )
  for (const [, path = ''] of text.matchAll(/@model_path([\x20-\x7e]{1,256})/g))
    if (path.includes('..'))
      report({
        rule: outsideFile,
        message: `Weights are read from ${shown(path)}.`,
        at: { offset: message.from },
        subject: shown(path),
      })
}

/** A field that is a number or a text in another kind of branch. */
function attempt(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'malformed') throw error
  }
}
