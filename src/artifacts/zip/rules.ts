// What can be found in the structure of a zip file, whatever is in its members.
import type { Rule } from '../rule.ts'

const again = 'Take the file from its publisher again, or unpack it with one tool and pack it anew.'

export const contradiction: Rule = {
  id: 'zip/contradiction',
  title: 'The directory and the members of the archive contradict each other',
  severity: 'high',
  cwe: ['CWE-436', 'CWE-444'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  references: ['CVE-2025-1944', 'CVE-2025-1945', 'CVE-2025-10156'],
  remedy: `One reader sees other content than another. ${again}`,
}

export const duplicateName: Rule = {
  id: 'zip/duplicate-name',
  title: 'Two members of the archive have the same name',
  severity: 'high',
  cwe: ['CWE-694'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  remedy: `Which of them is read depends on the reader. ${again}`,
}

export const sameNameIgnoringCase: Rule = {
  id: 'zip/case-clash',
  title: 'Two members of the archive differ in upper and lower case only',
  severity: 'low',
  cwe: ['CWE-178'],
  remedy: 'On some systems the one overwrites the other when the archive is unpacked.',
}

export const unlisted: Rule = {
  id: 'zip/unlisted-member',
  title: 'The archive holds a member that its directory does not list',
  severity: 'high',
  cwe: ['CWE-436'],
  atlas: ['AML.T0074'],
  remedy: again,
}

export const overlap: Rule = {
  id: 'zip/overlap',
  title: 'Members of the archive share bytes',
  severity: 'high',
  cwe: ['CWE-409'],
  remedy: again,
}

export const severalDirectories: Rule = {
  id: 'zip/several-directories',
  title: 'The archive has more than one directory',
  severity: 'high',
  cwe: ['CWE-436'],
  atlas: ['AML.T0074'],
  remedy: again,
}

export const prefixed: Rule = {
  id: 'zip/prefix',
  title: 'There is something in front of the archive',
  severity: 'low',
  cwe: ['CWE-436'],
  remedy: 'Find out what the bytes are, or pack the archive anew without them.',
}

export const wrongChecksum: Rule = {
  id: 'zip/wrong-checksum',
  title: 'The content of a member does not have the checksum that the archive names',
  severity: 'medium',
  cwe: ['CWE-354'],
  remedy: again,
}

export const bomb: Rule = {
  id: 'archive/bomb',
  title: 'A member unpacks to far more than it takes',
  severity: 'high',
  cwe: ['CWE-409'],
  remedy: 'Do not unpack it without a limit.',
}

export const pathEscape: Rule = {
  id: 'archive/path-escape',
  title: 'A member would be written outside of the folder that the archive is unpacked into',
  severity: 'high',
  cwe: ['CWE-22'],
  atlas: ['AML.T0011'],
  owasp: ['LLM03'],
  references: ['CVE-2007-4559', 'CVE-2025-12060'],
  remedy: 'Do not unpack it; take the file from its publisher again.',
}

export const link: Rule = {
  id: 'archive/link',
  title: 'A member is a link',
  severity: 'low',
  cwe: ['CWE-59'],
  remedy: 'Unpack it with links refused.',
}

export const device: Rule = {
  id: 'archive/device',
  title: 'A member is a device or a pipe',
  severity: 'high',
  cwe: ['CWE-59'],
  remedy: 'Do not unpack it.',
}
