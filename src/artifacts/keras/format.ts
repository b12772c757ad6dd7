// The configuration of a Keras model, as JSON: config.json of a .keras file, an attribute of an HDF5 file, an object of
// keras_metadata.pb, or a file of its own.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { parseJson } from '../json/parse.ts'
import { exactly } from '../reader.ts'
import { shown } from '../text.ts'
import { duplicateKey } from './rules.ts'
import { walkConfiguration } from './walk.ts'

export const kerasConfig: Format = {
  id: 'keras-config',
  // Plain JSON, which nothing else would run: it takes no part in polyglots.
  isActive: false,
  recognise({ head, expected }) {
    if (expected === 'keras-config') return 'certain'
    const text = Buffer.from(head).toString('latin1')
    // An escaped key is the same key.
    return /^(?:\xef\xbb\xbf)?\s*\{/.test(text) && /"class_name"\s*:|"[^"]*\\u00[67]/.test(text)
      ? 'plausible'
      : undefined
  },
  examine(examination) {
    const { source, budget, report } = examination
    if (source.size > budget.limits.memberBytes)
      throw new ArtifactError('over_limit', `limit reached: a configuration of ${source.size} bytes`)
    const text = exactly(source, 0, source.size, 'the configuration').toString('utf8').replace(/\0+$/, '')
    const root = parseJson(text, (name, offset) => {
      const message = `The key ${shown(name)} comes twice in one object.`
      report({ rule: duplicateKey, message, at: { offset }, subject: shown(name) })
    })
    walkConfiguration(examination, root)
    return source.size
  },
}
