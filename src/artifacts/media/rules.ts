// What can be found in images, sound, film and documents.
import type { Rule } from '../rule.ts'

export const cutOff: Rule = {
  id: 'media/cut-off',
  title: 'The file breaks off before its end',
  severity: 'info',
  cwe: ['CWE-1288'],
  remedy: 'Take the file from its publisher again, if it is needed.',
}

export const trailing: Rule = {
  id: 'media/trailing-data',
  title: 'Something follows behind the end of the image or recording',
  severity: 'info',
  cwe: ['CWE-506'],
  remedy: 'Save the file anew; viewers do not need what follows.',
}

export const activeContent: Rule = {
  id: 'media/active-content',
  title: 'The document runs something when it is opened',
  severity: 'high',
  cwe: ['CWE-94', 'CWE-829'],
  atlas: ['AML.T0011'],
  owasp: ['LLM03'],
  remedy: 'Do not open it; extract its text with a tool that runs nothing.',
}
