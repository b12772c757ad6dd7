// 7z archives. What is encrypted, or packed by a codec that is not read here, leaves the verdict open.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder, linkEscapes } from '../member-name.ts'
import { exactly, wholeNumber64 } from '../reader.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import * as rules from '../zip/rules.ts'
import { signatureLength, unpackFolder } from './folder.ts'
import { type Folder, readHeader, type SevenZipFile, type SevenZipHeader } from './header.ts'

const signature = Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])
const maxHeader = 64 * 1024 * 1024

export const sevenZip: Format = {
  id: '7z',
  isActive: true,
  holdsFiles: true,
  recognise: ({ head }) => (signature.equals(Buffer.from(head.subarray(0, 6))) ? 'certain' : undefined),
  examine(examination) {
    const { source } = examination
    const start = exactly(source, 0, signatureLength, 'the first header')
    const offset = signatureLength + wholeNumber64(start, 12, 'the offset of the header')
    const length = wholeNumber64(start, 20, 'the length of the header')
    if (length > maxHeader) throw new ArtifactError('over_limit', `limit reached: a header of ${length} bytes`)
    if (length > 0) examineFiles(examination, headerOf(examination, exactly(source, offset, length, 'the header')))
    return offset + length
  },
}

/** A header may be packed, and that one packed in its turn. */
function headerOf({ source, budget }: Examination, first: Buffer): SevenZipHeader {
  let bytes = first
  for (let depth = 0; depth < 4; depth++) {
    const read = readHeader(bytes)
    if ('header' in read) return read.header
    const [folder] = read.encoded.folders
    if (folder === undefined) throw new ArtifactError('malformed', 'a packed header without a folder')
    bytes = unpackFolder(source, read.encoded, folder, budget)
  }
  throw new ArtifactError('malformed', 'a header packed again and again')
}

function examineFiles(examination: Examination, { streams, files }: SevenZipHeader): void {
  const { budget } = examination
  const withContent = files.filter(({ hasContent }) => hasContent)
  const names = new Set<string>()
  for (const file of files) {
    budget.spendEntry()
    examineName(examination, file, names)
  }
  let next = 0
  for (const folder of streams.folders) {
    const content = contentOf(examination, streams, folder, withContent[next]?.name)
    let at = 0
    for (const size of folder.fileSizes) {
      const file = withContent[next++]
      if (content !== undefined) examineFile(examination, file, content.subarray(at, at + size), next)
      at += size
    }
  }
  if (next !== withContent.length) throw new ArtifactError('malformed', 'more files than packed content')
}

function contentOf(examination: Examination, streams: SevenZipHeader['streams'], folder: Folder, name = '') {
  try {
    return unpackFolder(examination.source, streams, folder, examination.budget)
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    examination.incomplete(`${shown(name)}: ${error.message}`)
    return undefined
  }
}

function examineName({ report }: Examination, { name }: SevenZipFile, names: Set<string>): void {
  const subject = shown(name)
  if (escapesFolder(name))
    report({ rule: rules.pathEscape, message: `The name ${subject} leads out of the folder.`, subject })
  if (names.has(name)) report({ rule: rules.duplicateName, message: `The name ${subject} comes twice.`, subject })
  names.add(name)
}

function examineFile(examination: Examination, file: SevenZipFile | undefined, content: Buffer, place: number): void {
  const name = file === undefined || file.name === '' ? `(file ${place})` : file.name
  // Unix modes are the upper half of the attributes when bit 15 says so.
  const mode = file !== undefined && file.attributes & 0x8000 ? file.attributes >>> 16 : 0
  if ((mode & 0o170000) !== 0o120000) {
    examination.enter(name, bytesSource(content))
    return
  }
  const target = content.toString('utf8', 0, 4096)
  const rule = linkEscapes(name, target) ? rules.pathEscape : rules.link
  examination.report({ rule, message: `${shown(name)} is a link to ${shown(target)}.`, subject: shown(name) })
}
