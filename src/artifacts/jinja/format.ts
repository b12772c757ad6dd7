// Jinja templates, as models carry them to format their chats.
import { ArtifactError } from '../error.ts'
import type { Format } from '../format.ts'
import { exactly } from '../reader.ts'
import { judgeTemplate } from './judge.ts'
import * as rules from './rules.ts'

const maxLength = 1024 * 1024

export const jinja: Format = {
  id: 'jinja',
  isActive: false,
  recognise: ({ expected, name }) =>
    expected === 'jinja' ? 'certain' : /\.(?:jinja2?|j2)$/.test(name) ? 'plausible' : undefined,
  examine({ source, report }) {
    if (source.size > maxLength)
      throw new ArtifactError('over_limit', `limit reached: a template of ${source.size} bytes`)
    const text = exactly(source, 0, source.size, 'the template').toString('utf8')
    if (/\{%-?\s*(?:include|import|from|extends)\b/.test(text))
      report({ rule: rules.otherFiles, message: 'The template includes or imports other templates.' })
    try {
      for (const found of judgeTemplate(text)) report(found)
    } catch (error) {
      // What cannot be read as a template can still be rendered by another engine.
      const walk = /\b__\w+__\b|\|\s*attr\s*\(|\\x5f/i.exec(text)
      if (walk !== null) report({ rule: rules.attributeWalk, message: 'The template reaches for hidden attributes.' })
      throw new ArtifactError(
        'unsupported',
        `a template that cannot be read (${error instanceof Error ? error.name : 'error'})`,
      )
    }
    return source.size
  },
}
