// Programs: what is run, and not loaded. Beside a model they have no business; a llamafile is one that carries its model.
import type { Format } from '../format.ts'
import { programIn } from '../hidden.ts'
import type { Rule } from '../rule.ts'

const programFile: Rule = {
  id: 'program/native-code',
  title: 'The file is a program',
  severity: 'high',
  cwe: ['CWE-506', 'CWE-829'],
  atlas: ['AML.T0011', 'AML.T0010.003'],
  owasp: ['LLM03'],
  remedy: 'Do not run it, and load no model that needs it, unless you trust whoever built it. Get the weights alone.',
}

export const program: Format = {
  id: 'program',
  isActive: true,
  recognise({ head }) {
    const what = programIn(Buffer.from(head.subarray(0, 4096)))
    return what === undefined || what === 'a script' || what === 'a zip archive' ? undefined : 'certain'
  },
  examine({ source, report }) {
    const what = programIn(Buffer.from(source.read(0, 4096))) ?? 'a program'
    report({ rule: programFile, message: `The file is ${what}.`, at: { offset: 0 } })
    return source.size
  },
}
