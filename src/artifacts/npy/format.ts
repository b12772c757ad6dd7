// NumPy's .npy (NEP 1): a header that is a Python literal, then the bytes of the array, or a pickle of its objects.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { examineStreams } from '../pickle/streams.ts'
import { exactly } from '../reader.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../text.ts'
import { readHeader } from './header.ts'

const oddHeader: Rule = {
  id: 'npy/odd-header',
  title: 'The header of the array is not what NumPy writes',
  severity: 'high',
  cwe: ['CWE-95'],
  references: ['CVE-2019-6446'],
  remedy: 'Do not load it with a NumPy older than 1.17, which evaluates the header; save the array anew.',
}

const objects: Rule = {
  id: 'npy/objects',
  title: 'The array holds Python objects, and so a pickle',
  severity: 'info',
  cwe: ['CWE-502'],
  references: ['CVE-2019-6446'],
  remedy: 'Save numbers and texts with their own dtype, and load with allow_pickle=False.',
}

const maxHeader = 1024 * 1024

export const npy: Format = {
  id: 'npy',
  isActive: true,
  recognise: ({ head }) => (Buffer.from(head.subarray(0, 6)).equals(magic) ? 'certain' : undefined),
  examine(examination) {
    const { source, report, opaque } = examination
    const [major = 0] = exactly(source, 6, 2, 'the version')
    if (major < 1 || major > 3) throw new ArtifactError('unsupported', `version ${major} of the format`, 6)
    const lengthBytes = major === 1 ? 2 : 4
    const length = exactly(source, 8, lengthBytes, 'the length of the header').readUIntLE(0, lengthBytes)
    if (length > maxHeader) throw new ArtifactError('over_limit', `limit reached: a header of ${length} bytes`, 8)
    const start = 8 + lengthBytes + length
    const text = exactly(source, 8 + lengthBytes, length, 'the header').toString(major === 3 ? 'utf8' : 'latin1')
    const header = readHeader(text)
    if (header === undefined) {
      const message = `The header is no plain description of an array: ${shown(text, 80)}`
      report({ rule: oddHeader, message, at: { offset: 8 + lengthBytes, length } })
      throw new ArtifactError('malformed', 'the header cannot be read', 8)
    }
    if (header.hasObjects) {
      report({
        rule: objects,
        message: 'The elements of the array are Python objects, saved as a pickle.',
        at: { offset: start },
      })
      return examineStreams(examination, start).end
    }
    const size = header.count * header.itemSize
    if (!Number.isSafeInteger(size) || size > source.size - start)
      throw new ArtifactError('malformed', `an array of ${size} bytes does not fit into the file`, start)
    opaque(start, size, 'an array')
    return start + size
  },
}

const magic = Buffer.from('\x93NUMPY', 'latin1')
