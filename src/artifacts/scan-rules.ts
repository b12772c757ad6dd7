// What can be found of any file, whatever its format.
import type { Rule } from './rule.ts'

export const mixedFormats: Rule = {
  id: 'file/polyglot',
  title: 'The file can be loaded as more than one thing',
  severity: 'high',
  cwe: ['CWE-436'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  remedy: 'Take the file from its publisher again, or convert it to one format with the tool of that format.',
}

export const appended: Rule = {
  id: 'file/appended-data',
  title: 'There is something behind the end of the content',
  severity: 'low',
  cwe: ['CWE-506'],
  remedy: 'Find out what the bytes are, or save the artifact anew without them.',
}
