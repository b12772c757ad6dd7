// What can be found in scripts and pages that lie beside a model or a data set.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011', 'AML.T0010'], owasp: ['LLM03'] } as const

export const scriptDeed: Rule = {
  id: 'script/deed',
  title: 'A script does what no script beside a model needs to do',
  severity: 'high',
  cwe: ['CWE-506', 'CWE-494'],
  ...about,
  remedy: 'Do not run it; take the artifact from its publisher again.',
}

export const scriptPresent: Rule = {
  id: 'script/present',
  title: 'A script lies beside the data',
  severity: 'info',
  cwe: ['CWE-829'],
  ...about,
  remedy: 'Leave scripts out of what is passed on, unless they are needed and have been read.',
}

export const activeOutput: Rule = {
  id: 'script/active-page',
  title: 'A page or an output runs code when it is shown',
  severity: 'medium',
  cwe: ['CWE-79'],
  ...about,
  remedy: 'Clear the outputs, or open the page without scripts.',
}

export const pathFile: Rule = {
  id: 'script/path-file',
  title: 'A line is run each time that Python starts',
  severity: 'high',
  cwe: ['CWE-506'],
  atlas: ['AML.T0011'],
  owasp: ['LLM03'],
  references: ['https://docs.python.org/3/library/site.html'],
  remedy: 'Remove the file from where Python finds it.',
}
