// What can be found in an ONNX model.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const

export const outsideFile: Rule = {
  id: 'onnx/outside-file',
  title: 'A tensor is read from a file outside of the folder of the model',
  severity: 'high',
  cwe: ['CWE-22'],
  ...about,
  references: ['CVE-2022-25882', 'CVE-2024-27318', 'CVE-2025-51480'],
  remedy: 'Do not load it; take the model from its publisher again.',
}

export const oddExternalData: Rule = {
  id: 'onnx/odd-external-data',
  title: 'The description of external data holds what does not belong there',
  severity: 'high',
  cwe: ['CWE-915'],
  ...about,
  references: ['GHSA-538c-55jv-c5g9'],
  remedy: 'Do not load it with onnx older than 1.20; take the model from its publisher again.',
}

export const impossibleSize: Rule = {
  id: 'onnx/impossible-size',
  title: 'A tensor is said to be larger than its bytes, or than any memory',
  severity: 'high',
  cwe: ['CWE-789', 'CWE-190'],
  ...about,
  remedy: 'Do not load it; take the model from its publisher again.',
}

export const codeOperator: Rule = {
  id: 'onnx/code-operator',
  title: 'An operator runs code of its own',
  severity: 'high',
  cwe: ['CWE-94'],
  ...about,
  remedy: 'Do not load it together with the library of the operator.',
}

export const foreignOperator: Rule = {
  id: 'onnx/foreign-operator',
  title: 'The model needs a library of operators that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-829'],
  ...about,
  remedy: 'Load only libraries of operators that you trust.',
}

export const functionCycle: Rule = {
  id: 'onnx/function-cycle',
  title: 'Functions of the model call each other in a circle',
  severity: 'high',
  cwe: ['CWE-674'],
  ...about,
  references: ['GHSA-7w46-vvrh-m8q5'],
  remedy: 'Do not load it; take the model from its publisher again.',
}
