// What can be found in Python code, and in compiled Python.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000', 'AML.T0010'], owasp: ['LLM03'] } as const
const remedy = 'Do not load it with trust_remote_code; read the code, or take the model from its publisher again.'

export const deed: Rule = {
  id: 'python/deed',
  title: 'The code runs programs, opens connections or changes files',
  severity: 'high',
  cwe: ['CWE-506', 'CWE-829'],
  ...about,
  remedy,
}

export const obfuscated: Rule = {
  id: 'python/obfuscated',
  title: 'The code runs code or calls names that it has hidden',
  severity: 'critical',
  cwe: ['CWE-506', 'CWE-95'],
  ...about,
  remedy,
}

export const exfiltration: Rule = {
  id: 'python/exfiltration',
  title: 'The code sends secrets of the machine away',
  severity: 'critical',
  cwe: ['CWE-200', 'CWE-506'],
  ...about,
  remedy,
}

export const persistence: Rule = {
  id: 'python/persistence',
  title: 'The code changes what is started with the machine, or who may enter it',
  severity: 'critical',
  cwe: ['CWE-506'],
  ...about,
  remedy,
}

export const attributeWalk: Rule = {
  id: 'python/attribute-walk',
  title: 'The code reaches for hidden attributes to get at what it may not import',
  severity: 'high',
  cwe: ['CWE-506'],
  ...about,
  remedy,
}

export const oddEncoding: Rule = {
  id: 'python/odd-encoding',
  title: 'The file names an encoding that hides code from its readers',
  severity: 'high',
  cwe: ['CWE-506', 'CWE-451'],
  ...about,
  references: ['https://peps.python.org/pep-0263/'],
  remedy,
}

export const loadingScript: Rule = {
  id: 'python/loading-script',
  title: 'The data set comes with a program that is run to load it',
  severity: 'low',
  cwe: ['CWE-829'],
  ...about,
  references: ['https://github.com/huggingface/datasets/releases/tag/4.0.0'],
  remedy: 'Convert the data set to Parquet; datasets 4 runs no loading scripts.',
}

export const compiled: Rule = {
  id: 'python/compiled',
  title: 'Compiled Python lies beside the model',
  severity: 'medium',
  cwe: ['CWE-829'],
  ...about,
  remedy: 'Remove it: Python makes it anew from the source, which can be read.',
}
