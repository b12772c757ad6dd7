// R's saved objects: .rds, .RData, .rda. A promise is code that runs as soon as somebody looks at the object.
import type { Format } from '../format.ts'
import type { Rule } from '../rule.ts'
import { binaryInput, textInput } from './input.ts'
import { beginOf, readObject, rType } from './reader.ts'

const promise: Rule = {
  id: 'rds/promise',
  title: 'The object holds code that runs as soon as it is used',
  severity: 'critical',
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2024-27322'],
  remedy: 'Do not load it. Get the data as CSV or Parquet, or load with R 4.4 or newer from a source that you trust.',
}

const functions: Rule = {
  id: 'rds/function',
  title: 'The object holds functions',
  severity: 'info',
  cwe: ['CWE-502'],
  remedy: 'Read the functions before you use the object.',
}

const pointer: Rule = {
  id: 'rds/external-pointer',
  title: 'The object holds a pointer of the program that wrote it',
  severity: 'low',
  cwe: ['CWE-822'],
  remedy: 'Save the model with the function that its package has for it.',
}

const rules = new Map<number, Rule>([
  [rType.promise, promise],
  [rType.closure, functions],
  [rType.externalPointer, pointer],
])

export const rds: Format = {
  id: 'rds',
  isActive: true,
  recognise({ source, name }) {
    const begin = beginOf(source)
    if (begin === undefined) return undefined
    return begin.length > 2 || /\.(?:rds|rdata|rda)/.test(name) ? 'certain' : 'plausible'
  },
  examine({ source, report, budget }) {
    const begin = beginOf(source) ?? { magic: 'X\n', length: 2 }
    const form = begin.magic.at(-2)
    const input = form === 'A' ? textInput(source, begin.length) : binaryInput(source, begin.length, form === 'X')
    const version = input.integer()
    input.integer()
    input.integer()
    // Version 3 names the encoding of texts.
    if (version === 3) input.skipText(input.length())
    const seen = new Set<number>()
    readObject(
      input,
      {
        object(type, offset) {
          const rule = rules.get(type)
          if (rule === undefined || seen.has(type)) return
          seen.add(type)
          report({ rule, message: `${rule.title}.`, at: { offset } })
        },
      },
      () => budget.checkTime(),
    )
    return input.offset
  },
}
