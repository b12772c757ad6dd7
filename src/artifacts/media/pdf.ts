// PDF (ISO 32000): not rendered. Names of actions are looked for in the plain and in the compressed objects, and the
// metadata and strings are read as text.
import { inflateSync } from 'node:zlib'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import type { Severity } from '../rule.ts'
import { judgeText } from '../text/judge.ts'
import { textRuns } from '../text/runs.ts'
import * as rules from './rules.ts'

const maxLength = 256 * 1024 * 1024
const maxInflated = 4 * 1024 * 1024
const maxStreams = 5000

const actions: readonly (readonly [RegExp, Severity, string])[] = [
  [/\/Launch\b/, 'high', 'starts a program'],
  [/\/(?:JavaScript|JS)\b\s*(?:\(|<|\d|\/)/, 'high', 'runs JavaScript'],
  [/\/(?:ImportData|SubmitForm|GoToE|GoToR|Rendition|RichMedia|XFA)\b/, 'medium', 'reaches for files or addresses'],
  [/\/EmbeddedFiles?\b/, 'medium', 'carries files'],
]

export const pdf: Format = {
  id: 'pdf',
  isActive: false,
  recognise: ({ head }) => (Buffer.from(head.subarray(0, 1024)).includes('%PDF-') ? 'certain' : undefined),
  examine(examination) {
    const { source, budget } = examination
    if (source.size > maxLength)
      throw new ArtifactError('over_limit', `limit reached: a document of ${source.size} bytes`)
    const bytes = Buffer.from(source.read(0, source.size))
    const text = bytes.toString('latin1')
    judgeObjects(examination, withoutStreams(text), 0)
    let count = 0
    for (const { index } of text.matchAll(/\bstream\r?\n/g)) {
      if (++count > maxStreams) break
      budget.checkTime()
      const head = text.slice(Math.max(0, index - 1000), index)
      const dictionary = head.slice(head.lastIndexOf('<<', head.lastIndexOf('>>')))
      if (/\/Subtype\s*\/Image|\/FontFile|\/Length1\b/.test(dictionary) || !/FlateDecode|\/Fl\b/.test(dictionary))
        continue
      const from = text[index + 6] === '\r' ? index + 8 : index + 7
      const content = inflated(bytes.subarray(from))
      if (content === undefined) continue
      if (/\/ObjStm/.test(dictionary)) judgeObjects(examination, content.toString('latin1'), index)
      else if (/\/(?:Metadata|EmbeddedFile)\b/.test(dictionary))
        judgeText(examination, textRuns(content, 6, maxInflated), { offset: index, isHidden: true })
      else judgeText(examination, shownText(content.toString('latin1')), { offset: index })
    }
    return end(examination, bytes)
  },
}

function judgeObjects(examination: Examination, source: string, offset: number): void {
  // `#4a` stands for a letter in a name.
  const text = source.replace(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  for (const [pattern, severity, what] of actions)
    if (pattern.test(text))
      examination.report({
        rule: rules.activeContent,
        severity,
        message: `The document ${what}.`,
        at: { offset },
        subject: what,
      })
  const strings = [...text.matchAll(/\(((?:[^()\\]|\\.){8,4000})\)/g)].slice(0, 10_000).map(([, each = '']) => each)
  judgeText(examination, strings.join('\n'), { offset })
}

function withoutStreams(text: string): string {
  return text.replace(/\bstream\r?\n[\s\S]*?endstream/g, 'stream endstream')
}

/** Texts between parentheses, as pages show them. */
function shownText(content: string): string {
  return [...content.matchAll(/\(((?:[^()\\]|\\.)*)\)/g)]
    .slice(0, 50_000)
    .map(([, each = '']) => each)
    .join('')
    .slice(0, maxInflated)
}

function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: maxInflated, finishFlush: 2 })
  } catch {
    return undefined
  }
}

function end({ source, report, opaque }: Examination, bytes: Buffer): number {
  const last = bytes.lastIndexOf('%%EOF')
  if (last < 0) {
    report({ rule: rules.cutOff, message: 'The document has no end.' })
    return source.size
  }
  const after = last + 5
  const rest = bytes.subarray(after).toString('latin1').trim()
  if (rest !== '' && rest.length > 2) {
    report({
      rule: rules.trailing,
      message: `${source.size - after} bytes follow behind the end.`,
      at: { offset: after },
    })
    opaque(after + 1, source.size - after - 1, 'what follows a document')
  }
  return source.size
}
