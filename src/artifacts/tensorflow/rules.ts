// What can be found in a graph of TensorFlow.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const
const remedy =
  'Do not load it; export the model anew without the operator, or run it in a sandbox without files and network.'

export const codeOperator: Rule = {
  id: 'tensorflow/code-operator',
  title: 'An operator runs code that is not part of the graph',
  severity: 'critical',
  cwe: ['CWE-94'],
  ...about,
  references: ['https://www.tensorflow.org/api_docs/python/tf/py_function'],
  remedy,
}

export const fileOperator: Rule = {
  id: 'tensorflow/file-operator',
  title: 'An operator reads or writes files',
  severity: 'high',
  cwe: ['CWE-73'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

export const networkOperator: Rule = {
  id: 'tensorflow/network-operator',
  title: 'An operator uses the network',
  severity: 'high',
  cwe: ['CWE-918'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

export const customOperator: Rule = {
  id: 'tensorflow/custom-operator',
  title: 'The graph needs a library of operators that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-829'],
  remedy: 'Load only libraries of operators that you trust.',
}

export const outsidePath: Rule = {
  id: 'tensorflow/outside-path',
  title: 'The graph saves to, or loads from, a place of its own choice',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-22'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

export const outsideAsset: Rule = {
  id: 'tensorflow/outside-asset',
  title: 'An asset lies outside of the folder of the model',
  severity: 'high',
  cwe: ['CWE-22'],
  ...about,
  remedy: 'Do not load it; take the model from its publisher again.',
}
