// ONNX models (onnx/onnx.proto3): files that tensors are read from, operators that run code, sizes that lie, functions
// in circles; in the graph, its subgraphs, its functions and its training part.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { fieldsOf, integersIn, type Message, messageIn, type ProtobufField, textIn } from '../protobuf.ts'
import { shown } from '../text.ts'
import * as rules from './rules.ts'

const modelFields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26])

export const onnx: Format = {
  id: 'onnx',
  isActive: true,
  recognise({ source, name, head }) {
    // `ir_version` or another field of the model comes first, whatever writer it was.
    if (![0x08, 0x12, 0x1a, 0x22, 0x3a, 0x42].includes(head[0] ?? 0)) return undefined
    try {
      let hasGraph = false
      let hasOpset = false
      for (const field of fieldsOf({ source, from: 0, to: source.size })) {
        if (!modelFields.has(field.number)) return undefined
        hasGraph ||= field.number === 7 && field.wireType === 2
        hasOpset ||= field.number === 8 && field.wireType === 2
      }
      return hasGraph && (hasOpset || name.endsWith('.onnx')) ? 'certain' : undefined
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error
      return name.endsWith('.onnx') ? 'certain' : undefined
    }
  },
  examine(examination) {
    const { source } = examination
    createReader(examination).model({ source, from: 0, to: source.size })
    return source.size
  },
}

const maxDepth = 64

function createReader(examination: Examination) {
  const { report, budget, source, options } = examination
  /** The operators that each function calls, by `domain:name`; `''` is the graph. */
  const calls = new Map<string, Set<string>>()
  let caller = ''

  function model(message: Message): void {
    for (const field of fieldsOf(message)) {
      if (field.number === 7) graph(messageIn(message, field), 0)
      else if (field.number === 20) training(messageIn(message, field))
      else if (field.number === 25) functionOf(messageIn(message, field))
      else if (field.number === 6) inspect(field, '/doc_string')
      else if (field.number === 14)
        for (const each of fieldsOf(messageIn(message, field)))
          if (each.wireType === 2) inspect(each, '/metadata_props')
    }
    for (const name of calls.keys()) if (reachesItself(name)) reportCycle(name)
  }

  /** TrainingInfoProto: an initialisation and an algorithm, both graphs. */
  function training(message: Message): void {
    for (const field of fieldsOf(message))
      if (field.number === 1 || field.number === 2) graph(messageIn(message, field), 1)
  }

  function functionOf(message: Message): void {
    let name = ''
    let domain = ''
    for (const field of fieldsOf(message)) {
      if (field.number === 1) name = textIn(message, field)
      if (field.number === 10) domain = textIn(message, field)
    }
    caller = `${domain}:${name}`
    calls.set(caller, new Set())
    for (const field of fieldsOf(message)) {
      if (field.number === 7) node(messageIn(message, field), 1)
      else if (field.number === 11) attribute(messageIn(message, field), 1)
    }
    caller = ''
  }

  function graph(message: Message, depth: number): void {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: graphs more than ${maxDepth} deep`)
    for (const field of fieldsOf(message)) {
      budget.checkTime()
      if (field.number === 1) node(messageIn(message, field), depth)
      else if (field.number === 5) tensor(messageIn(message, field))
      else if (field.number === 15) sparseTensor(messageIn(message, field))
      else if (field.number === 10) inspect(field, '/graph/doc_string')
    }
  }

  function node(message: Message, depth: number): void {
    let operator = ''
    let domain = ''
    for (const field of fieldsOf(message)) {
      if (field.number === 4) operator = textIn(message, field)
      else if (field.number === 7) domain = textIn(message, field)
      else if (field.number === 5) attribute(messageIn(message, field), depth)
      else if (field.number === 6) inspect(field, '/node/doc_string')
    }
    calls.get(caller)?.add(`${domain}:${operator}`)
    judgeOperator(domain, operator, message.from)
  }

  function judgeOperator(domain: string, operator: string, offset: number): void {
    const name = shown(domain === '' ? operator : `${domain}::${operator}`)
    if (
      /^(?:eager)?py(?:thon)?_?(?:op|func|function|layer)|script|eval|exec|(?:read|write|save|load)_?file|shell|system/i.test(
        operator,
      ) &&
      !isStandard(domain)
    )
      report({
        rule: rules.codeOperator,
        message: `The operator ${name} runs code or reaches for files.`,
        at: { offset, element: shown(operator) },
        subject: name,
      })
    else if (!isStandard(domain) && !knownDomains.has(domain))
      report({
        rule: rules.foreignOperator,
        message: `The operator ${name} comes from a library of its own.`,
        at: { offset, element: shown(operator) },
        subject: shown(domain),
      })
  }

  /** Tensors and graphs can be the value of an attribute. */
  function attribute(message: Message, depth: number): void {
    for (const field of fieldsOf(message)) {
      if (field.number === 5 || field.number === 10) tensor(messageIn(message, field))
      else if (field.number === 6 || field.number === 11) graph(messageIn(message, field), depth + 1)
      else if (field.number === 22 || field.number === 23) sparseTensor(messageIn(message, field))
    }
  }

  /** SparseTensorProto: values, indices, dims. */
  function sparseTensor(message: Message): void {
    for (const field of fieldsOf(message))
      if (field.number === 1 || field.number === 2) tensor(messageIn(message, field))
  }

  function tensor(message: Message): void {
    const dims: bigint[] = []
    let type = 0
    let name = ''
    let raw: ProtobufField | undefined
    const external: [string, string][] = []
    for (const field of fieldsOf(message)) {
      if (field.number === 1) for (const dim of integersIn(message, field)) dims.push(dim)
      else if (field.number === 2) type = Number(field.value)
      else if (field.number === 8) name = textIn(message, field)
      else if (field.number === 9 && field.wireType === 2) raw = field
      else if (field.number === 13) external.push(entry(messageIn(message, field)))
      if (dims.length > 256)
        throw new ArtifactError('over_limit', 'limit reached: a tensor of more than 256 dimensions', message.from)
    }
    const place = { offset: message.from, length: message.to - message.from }
    externalData(external, name, place)
    const elements = dims.reduce((product, dim) => product * dim, 1n)
    const size = BigInt(elementBytes[type] ?? 0) * elements
    if (elements >= 1n << 63n || (raw !== undefined && size > BigInt(raw.length)))
      report({
        rule: rules.impossibleSize,
        message: `The tensor ${shown(name)} is said to have ${elements} elements.`,
        at: place,
        subject: shown(name),
      })
    if (raw !== undefined) examination.opaque(raw.offset, raw.length, `the tensor ${shown(name)}`)
  }

  /** StringStringEntryProto. */
  function entry(message: Message): [string, string] {
    let key = ''
    let value = ''
    for (const field of fieldsOf(message)) {
      if (field.number === 1) key = textIn(message, field)
      if (field.number === 2) value = textIn(message, field)
    }
    return [key, value]
  }

  function externalData(
    entries: readonly [string, string][],
    tensorName: string,
    at: { offset: number; length: number },
  ): void {
    const name = shown(tensorName)
    const keys = new Set<string>()
    for (const [key, value] of entries) {
      if (!externalKeys.has(key) || keys.has(key))
        report({
          rule: rules.oddExternalData,
          message: `The external data of ${name} has the key ${shown(key)}${keys.has(key) ? ' twice' : ''}.`,
          at,
          subject: shown(key),
        })
      keys.add(key)
      if (key === 'location' && (escapesFolder(value) || value === '' || /[%:?*<>|]|^file/i.test(value)))
        report({
          rule: rules.outsideFile,
          message: `The tensor ${name} is read from ${shown(value)}.`,
          at,
          subject: shown(value),
        })
      if ((key === 'offset' || key === 'length') && !isPlausibleLength(value))
        report({
          rule: rules.impossibleSize,
          message: `The ${key} of the external data of ${name} is ${shown(value)}.`,
          at,
          subject: key,
        })
    }
  }

  function inspect(field: ProtobufField, place: string): void {
    if (options.inspectText === undefined || field.wireType !== 2 || field.length > 65_536) return
    for (const found of options.inspectText(
      Buffer.from(source.read(field.offset, field.length)).toString('utf8'),
      place,
    ))
      report(found)
  }

  function reachesItself(name: string): boolean {
    const seen = new Set<string>()
    const waiting = [...(calls.get(name) ?? [])]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next === name) return true
      if (seen.has(next)) continue
      seen.add(next)
      waiting.push(...(calls.get(next) ?? []))
    }
    return false
  }

  function reportCycle(name: string): void {
    report({
      rule: rules.functionCycle,
      message: `The function ${shown(name)} comes back to itself.`,
      subject: shown(name),
    })
  }

  return { model }
}

/** docs/ExternalData.md of ONNX. */
const externalKeys = new Set(['location', 'offset', 'length', 'checksum', 'basepath'])

/** Up to 16 TiB: more no file of a model has. */
function isPlausibleLength(text: string): boolean {
  return /^\d{1,14}$/.test(text) && Number(text) <= 2 ** 44
}

function isStandard(domain: string): boolean {
  return domain === '' || /^ai\.onnx(?:\.ml|\.training|\.preview(?:\.training)?)?$/.test(domain)
}

const knownDomains = new Set([
  'com.microsoft',
  'com.microsoft.nchwc',
  'com.microsoft.mlfeaturizers',
  'com.microsoft.experimental',
  'com.ms.internal.nhwc',
  'com.microsoft.extensions',
  'ai.onnx.contrib',
  'org.pytorch.aten',
  'pkg.onnxscript.torch_lib',
  'pkg.onnxscript.torch_lib.common',
  'pkg.torch',
  'local',
])

/** Bytes of an element by TensorProto.DataType; 0 where it is less than one or not fixed. */
const elementBytes = [0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2, 1, 1, 1, 1, 0, 0, 0, 1]
