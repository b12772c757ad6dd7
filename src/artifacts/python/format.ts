// Python source, in the encoding that it names (PEP 263), and compiled Python.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { exactly } from '../reader.ts'
import { decodeText } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { textShapeOf } from '../text/kind.ts'
import { shown } from '../text.ts'
import { judgePython, type Origin } from './judge.ts'
import * as rules from './rules.ts'

const maxLength = 8 * 1024 * 1024

export const python: Format = {
  id: 'python',
  isActive: false,
  recognise: (probe) => (textShapeOf(probe)?.kind === 'python' ? 'certain' : undefined),
  examine(examination) {
    const { source } = examination
    const head = Buffer.from(source.read(0, 4096))
    const named = declaredEncoding(head.toString('latin1'))
    if (named !== undefined && isHiding(named))
      examination.report({ rule: rules.oddEncoding, message: `The file is read as ${shown(named, 40)}.` })
    const text = decodeText(source, encodingFor(named, head), maxLength)
    judgePythonText(examination, named !== undefined && /utf[-_]?7/i.test(named) ? fromUtf7(text) : text, 'module')
    judgeText(examination, text, { isCode: true })
    return source.size
  },
}

/** Judges code that stands in something else. */
export function judgePythonText(examination: Examination, text: string, origin: Origin): void {
  judgePython(
    examination,
    text
      .replace(/^\ufeff/, '')
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll('\0', ''),
    origin,
  )
}

/** In a comment of the first two lines. */
function declaredEncoding(head: string): string | undefined {
  const [first = '', second = ''] = head.split(/\r\n|\r|\n/)
  const pattern = /^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)/
  return (pattern.exec(first) ?? (/^[ \t\f]*(?:#.*)?$/.test(first) ? pattern.exec(second) : null))?.[1]
}

/** Encodings under which the code is other than what an editor shows. */
function isHiding(name: string): boolean {
  return /^(?:utf[-_]?7|rot[-_]?13|unicode[-_]?escape|raw[-_]?unicode[-_]?escape|base64|hex|uu|zlib|bz2|quopri|punycode|idna|utf[-_]?(?:16|32).*|cp037|cp1026|cp273|cp500|cp875|cp1140)$/i.test(
    name,
  )
}

function encodingFor(named: string | undefined, head: Buffer): 'utf-8' | 'windows-1252' {
  if (named !== undefined && /^(?:latin|iso|cp|windows|ascii|koi8|gb|big5|euc|shift|mac)/i.test(named))
    return 'windows-1252'
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(0, Math.max(0, head.length - 4)))
    return 'utf-8'
  } catch {
    return 'windows-1252'
  }
}

/** RFC 2152: `+ADs-` for `;`. */
function fromUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)-?/g, (_, base64: string) => {
    if (base64 === '') return '+'
    const bytes = Buffer.from(base64, 'base64')
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le')
  })
}

/** Magic numbers of CPython 2.7 to 3.15: two bytes, then \r\n (Lib/importlib/_bootstrap_external.py). */
export const pythonBytecode: Format = {
  id: 'python-bytecode',
  isActive: true,
  recognise({ head, name }) {
    if (head.length < 16 || head[2] !== 0x0d || head[3] !== 0x0a) return undefined
    const magic = (head[0] ?? 0) | ((head[1] ?? 0) << 8)
    const isKnown = (magic >= 3000 && magic <= 3800) || (magic >= 62000 && magic <= 62300)
    const isCode = [8, 12, 16].some((at) => ((head[at] ?? 0) & 0x7f) === 0x63)
    return isKnown && (isCode || /\.py[co]$/.test(name)) ? 'certain' : undefined
  },
  examine(examination) {
    const { source, report } = examination
    if (source.size > maxLength)
      throw new ArtifactError('over_limit', `limit reached: compiled code of ${source.size} bytes`)
    const bytes = exactly(source, 0, source.size, 'the code')
    const names = namesIn(bytes)
    const grave = names.find((name) =>
      /^(?:system|popen|exec|eval|__import__|subprocess|Popen|socket|marshal|b64decode|ctypes|urlopen|check_output|pty)$/.test(
        name,
      ),
    )
    report({
      rule: rules.compiled,
      severity: grave === undefined ? 'medium' : 'high',
      message:
        grave === undefined
          ? 'The file is compiled Python.'
          : `The file is compiled Python that names ${shown(grave)}.`,
    })
    return source.size
  },
}

/** Short texts as marshal writes them: a type, a length of one byte, the characters (Python/marshal.c). */
function namesIn(bytes: Buffer): string[] {
  const names: string[] = []
  for (let at = 0; at + 2 < bytes.length; at++) {
    const type = (bytes[at] ?? 0) & 0x7f
    const isShort = type === 0x7a || type === 0x5a
    const isLong = type === 0x75 || type === 0x74 || type === 0x61 || type === 0x41 || type === 0x73
    if (!isShort && !isLong) continue
    const length = isShort ? (bytes[at + 1] ?? 0) : at + 5 <= bytes.length ? bytes.readUInt32LE(at + 1) : 0
    const from = at + (isShort ? 2 : 5)
    if (length < 2 || length > 64 || from + length > bytes.length) continue
    const text = bytes.toString('latin1', from, from + length)
    if (/^[A-Za-z_][\w.]*$/.test(text)) names.push(text)
  }
  return names
}
