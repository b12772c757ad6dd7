// requirements.txt and its relatives: pyproject.toml, setup.cfg, pip.conf, Pipfile.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { decodeText, encodingOf } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { textShapeOf } from '../text/kind.ts'
import { judgeRequirement } from './judge.ts'

const maxLength = 8 * 1024 * 1024

export const requirements: Format = {
  id: 'requirements',
  isActive: false,
  recognise: (probe) => (textShapeOf(probe)?.kind === 'requirements' ? 'plausible' : undefined),
  examine(examination) {
    const { source } = examination
    const encoding = encodingOf(source.read(0, source.size), false)
    if (encoding === undefined) throw new ArtifactError('malformed', 'not a text')
    const text = decodeText(source, encoding, maxLength)
    let offset = 0
    // A line that ends with a backslash goes on.
    for (const line of text.replaceAll(/\\\r?\n/g, (joint) => ' '.repeat(joint.length)).split('\n')) {
      judgeRequirement(examination, line, { offset })
      offset += line.length + 1
    }
    judgeText(examination, text)
    return source.size
  },
}
