// What can be found in a text, whatever file it stands in.
import type { Rule } from '../rule.ts'

const smuggled = {
  cwe: ['CWE-116', 'CWE-451'],
  atlas: ['AML.T0051.001', 'AML.T0068'],
  owasp: ['LLM01', 'LLM04'],
} as const

export const hiddenCharacters: Rule = {
  id: 'text/hidden-characters',
  title: 'Characters that nobody sees carry a message',
  severity: 'high',
  ...smuggled,
  references: ['https://www.unicode.org/reports/tr36/'],
  remedy: 'Remove the characters before the text is used, and ask where the text comes from.',
}

export const reorderedText: Rule = {
  id: 'text/reordered',
  title: 'The text is shown in another order than it is read',
  severity: 'high',
  cwe: ['CWE-1007', 'CWE-451'],
  atlas: ['AML.T0068'],
  references: ['CVE-2021-42574', 'https://trojansource.codes'],
  remedy: 'Remove the directional control characters, and read the text again.',
}

export const terminalControl: Rule = {
  id: 'text/terminal-control',
  title: 'The text controls the terminal that shows it',
  severity: 'medium',
  cwe: ['CWE-150'],
  remedy: 'Do not print it; remove the control characters first.',
}

export const hiddenInstructions: Rule = {
  id: 'text/hidden-instructions',
  title: 'Instructions to a model stand where a person does not see them',
  severity: 'high',
  ...smuggled,
  remedy: 'Remove the record, and ask where it comes from; do not let a model read it.',
}

export const instructions: Rule = {
  id: 'text/instructions',
  title: 'The text gives orders to the model that reads it',
  severity: 'low',
  ...smuggled,
  remedy: 'If the text is not meant to show such an attack, remove it from the data.',
}

export const exfiltrationLink: Rule = {
  id: 'text/exfiltration-link',
  title: 'An image or a link waits to be filled with what the model knows',
  severity: 'high',
  cwe: ['CWE-200'],
  atlas: ['AML.T0077', 'AML.T0051.001'],
  owasp: ['LLM01', 'LLM02'],
  remedy: 'Remove the link; let no answer of a model load images from hosts that are not listed.',
}

export const secretInText: Rule = {
  id: 'text/secret',
  title: 'A key or a password stands in the file',
  severity: 'high',
  cwe: ['CWE-798', 'CWE-540'],
  atlas: ['AML.T0055'],
  owasp: ['LLM02'],
  remedy: 'Revoke it at its issuer first, then remove it from the file and from its history.',
}

export const personalData: Rule = {
  id: 'text/personal-data',
  title: 'Personal data stands in the file',
  severity: 'low',
  cwe: ['CWE-359'],
  owasp: ['LLM02'],
  remedy: 'Remove or replace it, unless there is a legal ground for having it there.',
}
