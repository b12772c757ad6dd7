// Scripts of shells and other languages, build files, pages and Python's path files: judged by what they do.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { judgePythonText } from '../python/format.ts'
import { decodeText } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { type TextKind, textShapeOf } from '../text/kind.ts'
import { shown } from '../text.ts'
import { judgeHtml } from './html.ts'
import { judgeJavaScript } from './javascript.ts'
import * as rules from './rules.ts'
import { judgeShell } from './shell.ts'

const maxLength = 32 * 1024 * 1024

export const script = reader('script', 'script', (examination, text) => {
  const found = judgeShell(text) ?? judgeJavaScript(text)
  examination.report(
    found === undefined
      ? { rule: rules.scriptPresent, message: 'The file is a script.' }
      : { rule: rules.scriptDeed, severity: found.severity, message: `The script ${found.what}.` },
  )
  judgeText(examination, text, { isCode: true })
})

export const markup = reader('markup', 'markup', (examination, text) => {
  const found = judgeHtml(text)
  if (found !== undefined)
    examination.report({ rule: rules.activeOutput, severity: found.severity, message: `The page ${found.what}.` })
  judgeText(examination, text)
  for (const front of frontMatterOf(text)) examination.enter('(front matter)', front, 'yaml')
})

/** site.py runs each line of a .pth file that begins with `import`, and takes the others for folders. */
export const pathFile = reader('path-file', 'path-file', (examination, text) => {
  const lines = text.split(/\r?\n|\r/)
  for (const [index, line] of lines.entries())
    if (/^import[ \t]/.test(line)) {
      examination.report({
        rule: rules.pathFile,
        message: `Line ${index + 1} is run when Python starts: ${shown(line, 80)}`,
        subject: shown(line, 80),
      })
      judgePythonText(examination, line, 'module')
    }
  judgeText(examination, text)
})

import { bytesSource, type Source } from '../source.ts'

function* frontMatterOf(text: string): Generator<Source> {
  const front = /^\ufeff?---[ \t]*\r?\n([\s\S]{0,1000000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(text)?.[1]
  if (front !== undefined && front.trim() !== '') yield bytesSource(Buffer.from(front))
}

function reader(id: string, kind: TextKind, judge: (examination: Examination, text: string) => void): Format {
  return {
    id,
    isActive: false,
    recognise: (probe) => (textShapeOf(probe)?.kind === kind ? 'plausible' : undefined),
    examine(examination) {
      const { source } = examination
      const shape = textShapeOf({
        source,
        head: source.read(0, 64 * 1024),
        tail: new Uint8Array(0),
        name: examination.name.toLowerCase(),
        expected: undefined,
      })
      if (shape === undefined) throw new ArtifactError('malformed', 'not a text')
      judge(examination, decodeText(source, shape.encoding, maxLength))
      return source.size
    },
  }
}
