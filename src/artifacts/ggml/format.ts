// GGML's formats before GGUF: ggml, ggmf, ggjt and the adapters ggla. What follows the magic depends on the model, so
// no length in them can be checked; the readers of then did not check them either.
import type { Format } from '../format.ts'
import type { Rule } from '../rule.ts'

const outdated: Rule = {
  id: 'ggml/outdated',
  title: 'The format is out of use, and its readers check no lengths',
  severity: 'low',
  cwe: ['CWE-1284'],
  references: ['CVE-2024-21825'],
  remedy: 'Get the model as GGUF.',
}

const magics = new Set(['lmgg', 'fmgg', 'tjgg', 'algg'])

export const ggml: Format = {
  id: 'ggml',
  isActive: false,
  recognise: ({ head }) => (magics.has(Buffer.from(head.subarray(0, 4)).toString('latin1')) ? 'certain' : undefined),
  examine({ source, report, opaque }) {
    report({ rule: outdated, message: 'The model is in a format from before GGUF.', at: { offset: 0 } })
    opaque(4, source.size - 4, 'a model')
    return source.size
  },
}
