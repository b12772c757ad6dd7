// What can be found in a template.
import type { Rule } from '../rule.ts'

export const attributeWalk: Rule = {
  id: 'jinja/attribute-walk',
  title: 'The template reaches for what is behind its values',
  severity: 'critical',
  cwe: ['CWE-1336', 'CWE-94'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2024-34359'],
  remedy:
    "Do not use the template; take the model's own template from its publisher. Render templates in a sandbox only.",
}

export const computedName: Rule = {
  id: 'jinja/computed-name',
  title: 'The template works out the name of what it reaches for',
  severity: 'high',
  cwe: ['CWE-1336'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  remedy: attributeWalk.remedy,
}

export const otherFiles: Rule = {
  id: 'jinja/other-files',
  title: 'The template reads other files',
  severity: 'high',
  cwe: ['CWE-98'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  remedy: attributeWalk.remedy,
}

export const endless: Rule = {
  id: 'jinja/endless',
  title: 'The template loops or grows without a reasonable bound',
  severity: 'high',
  cwe: ['CWE-835', 'CWE-400'],
  owasp: ['LLM10'],
  remedy: 'Do not use the template, or render it with a limit on time and output.',
}

export const unknownCall: Rule = {
  id: 'jinja/unknown-call',
  title: 'The template calls something that templates of models do not call',
  severity: 'low',
  cwe: ['CWE-1336'],
  remedy: 'Read the template before you use it.',
}
