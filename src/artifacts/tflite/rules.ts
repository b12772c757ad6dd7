// What can be found in a TFLite model.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const
const again = 'Do not load it; take the model from its publisher again.'

export const lie: Rule = {
  id: 'tflite/lie',
  title: 'An offset, a length or an index of the model is not true',
  severity: 'high',
  cwe: ['CWE-1284', 'CWE-125', 'CWE-787'],
  ...about,
  references: ['CVE-2020-15211', 'CVE-2021-29606'],
  remedy: again,
}

export const subgraphCycle: Rule = {
  id: 'tflite/subgraph-cycle',
  title: 'Graphs of the model call each other in a circle',
  severity: 'high',
  cwe: ['CWE-674'],
  ...about,
  references: ['CVE-2021-29591'],
  remedy: again,
}

export const customOperator: Rule = {
  id: 'tflite/custom-operator',
  title: 'The model needs a library of operators that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-829'],
  remedy: 'Load only libraries of operators that you trust.',
}
