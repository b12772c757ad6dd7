// What can be found in the configuration of a Keras model. Nothing that the file says of itself, such as the version
// that it names or whether it calls itself safe, changes any of it.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const
const remedy =
  'Do not load it. Ask the publisher for the weights alone, and build the model from code that you have read.'

export const code: Rule = {
  id: 'keras/code',
  title: 'The model carries compiled Python code',
  severity: 'critical',
  cwe: ['CWE-94', 'CWE-502'],
  ...about,
  references: ['CVE-2024-3660', 'CVE-2025-9905', 'CVE-2025-9906'],
  remedy,
}

export const gadget: Rule = {
  id: 'keras/gadget',
  title: 'The model uses a part of Keras that loads or writes something else',
  severity: 'high',
  cwe: ['CWE-502', 'CWE-913'],
  ...about,
  references: ['CVE-2025-8747', 'CVE-2025-9906', 'CVE-2025-49655', 'CVE-2026-1462'],
  remedy,
}

export const foreignModule: Rule = {
  id: 'keras/foreign-module',
  title: 'The model names something outside of Keras',
  severity: 'high',
  cwe: ['CWE-502', 'CWE-470'],
  ...about,
  references: ['CVE-2025-1550'],
  remedy,
}

export const customObject: Rule = {
  id: 'keras/custom-object',
  title: 'The model needs a class or a function of somebody’s own',
  severity: 'low',
  cwe: ['CWE-829'],
  remedy: 'Load it only together with code that you trust.',
}

export const file: Rule = {
  id: 'keras/file',
  title: 'The model names a file or an address to be read when it is loaded',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-918'],
  ...about,
  references: ['CVE-2025-12058', 'CVE-2026-1462'],
  remedy: 'Do not load it; ask for a model that carries its vocabulary in itself.',
}

export const function_: Rule = {
  id: 'keras/tensorflow-function',
  title: 'A layer calls a function of TensorFlow that does more than compute',
  severity: 'high',
  cwe: ['CWE-502', 'CWE-73'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

export const oddNode: Rule = {
  id: 'keras/odd-node',
  title: 'The configuration is not as Keras writes it',
  severity: 'medium',
  cwe: ['CWE-1286'],
  remedy: 'Take the file from its publisher again.',
}

export const duplicateKey: Rule = {
  id: 'keras/duplicate-key',
  title: 'A key comes twice',
  severity: 'high',
  cwe: ['CWE-694'],
  ...about,
  remedy: 'Which of the two counts depends on the reader; take the file from its publisher again.',
}
