// What can be found in a configuration, whether it is written in JSON, YAML or otherwise.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000', 'AML.T0010.003'], owasp: ['LLM03'] } as const

export const remoteCode: Rule = {
  id: 'configuration/remote-code',
  title: 'Loading the model runs Python code that is shipped with it or with another repository',
  severity: 'low',
  cwe: ['CWE-829'],
  ...about,
  references: ['https://huggingface.co/docs/transformers/custom_models'],
  remedy: 'Load with trust_remote_code=False, or review the code and pin its revision.',
}

export const dangerousTarget: Rule = {
  id: 'configuration/dangerous-target',
  title: 'Using the configuration calls something that runs programs or code, opens files or connections',
  severity: 'critical',
  cwe: ['CWE-502', 'CWE-470'],
  ...about,
  references: ['CVE-2025-23304', 'https://unit42.paloaltonetworks.com/rce-vulnerabilities-in-ai-python-libraries/'],
  remedy: 'Do not use it; take the model from its publisher again.',
}

export const unknownTarget: Rule = {
  id: 'configuration/unknown-target',
  title: 'Using the configuration calls something that this scanner does not know',
  severity: 'medium',
  cwe: ['CWE-470'],
  ...about,
  remedy: "Look at what is called; if you trust it, add it to the site's allow-list.",
}

export const codeText: Rule = {
  id: 'configuration/code-in-text',
  title: 'A value is Python code that does more than a value should',
  severity: 'high',
  cwe: ['CWE-95'],
  ...about,
  remedy: 'Do not use it with a program that evaluates its configuration; remove the code.',
}

export const resolver: Rule = {
  id: 'configuration/resolver',
  title: 'A value is worked out from the environment or by evaluating code',
  severity: 'low',
  cwe: ['CWE-526', 'CWE-95'],
  ...about,
  remedy: 'See which variables are read and where they go before you use the configuration.',
}

export const pathEscape: Rule = {
  id: 'configuration/path-escape',
  title: 'A file is named that lies outside of the folder',
  severity: 'high',
  cwe: ['CWE-22', 'CWE-73'],
  ...about,
  remedy: 'Do not load it; take the model or the data set from its publisher again.',
}

export const duplicateKey: Rule = {
  id: 'configuration/duplicate-key',
  title: 'A key comes twice: two readers see different values',
  severity: 'low',
  cwe: ['CWE-436'],
  ...about,
  remedy: 'Remove one of them.',
}

export const objectTag: Rule = {
  id: 'configuration/object-tag',
  title: 'The document asks its reader to make objects of any class or to call functions',
  severity: 'critical',
  cwe: ['CWE-502'],
  ...about,
  references: ['CVE-2020-14343'],
  remedy: 'Do not load it with a reader that knows such tags; use yaml.safe_load, and remove them.',
}

export const command: Rule = {
  id: 'configuration/command',
  title: 'The configuration names a command that is run on its own',
  severity: 'medium',
  cwe: ['CWE-78'],
  ...about,
  remedy: 'Remove the command, or do not open the folder with a program that runs it.',
}

export const slowPattern: Rule = {
  id: 'configuration/slow-pattern',
  title: 'A regular expression can take very long on some texts',
  severity: 'low',
  cwe: ['CWE-1333'],
  owasp: ['LLM10'],
  remedy: 'Limit the length of what is tokenised.',
}

export const pluginKernel: Rule = {
  id: 'configuration/remote-kernel',
  title: 'Loading the model fetches compiled code from another repository',
  severity: 'medium',
  cwe: ['CWE-829'],
  ...about,
  remedy: 'Set the attention implementation yourself when you load the model.',
}

export const unreadTemplate: Rule = {
  id: 'configuration/odd-template',
  title: 'A value that is no chat template reaches for hidden attributes like an attack on a template engine',
  severity: 'high',
  cwe: ['CWE-1336'],
  ...about,
  remedy: 'Remove the value.',
}
