// Zip files, and so the files of PyTorch, Keras, NumPy's .npz and many more. Every reading of the archive that some
// reader takes is examined, and what two readers would see differently is a finding.
import { crc32 } from 'node:zlib'
import type { Budget } from '../budget.ts'
import { decodeLzma, lzmaProperties } from '../compressed/lzma.ts'
import { Output } from '../compressed/output.ts'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder, linkEscapes } from '../member-name.ts'
import { exactly } from '../reader.ts'
import { bytesSource, type Source, stretch } from '../source.ts'
import { shown } from '../text.ts'
import { type Compression, unpack } from '../unpack.ts'
import { type Directory, type Entry, type LocalHeader, readDirectory, readLocalHeader } from './directory.ts'
import { type Layout, layoutOf } from './layout.ts'
import * as rules from './rules.ts'
import { examineTorchScript } from './torchscript.ts'

export const zip: Format = {
  id: 'zip',
  isActive: true,
  recognise({ head, tail, expected }) {
    const starts = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)
    if (starts || expected === 'zip') return 'certain'
    return Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).includes('PK\x05\x06', 0, 'latin1')
      ? 'trailing'
      : undefined
  },
  examine(examination) {
    const { source, budget } = examination
    const directory = readDirectory(source, () => budget.spendEntry())
    const layout = layoutOf(directory.entries)
    examineNames(examination, directory.entries)
    const extents = directory.entries.map((entry) => examineEntry(examination, entry, layout))
    examineGaps(
      examination,
      directory,
      extents.filter((extent) => extent !== undefined),
    )
    return directory.end
  },
}

interface Extent {
  readonly from: number
  readonly to: number
}

function examineNames({ report }: Examination, entries: readonly Entry[]): void {
  const seen = new Map<string, number>()
  const folded = new Map<string, string>()
  for (const { name, rawName, offset } of entries) {
    const key = rawName.toString('latin1')
    if (seen.has(key))
      report({
        rule: rules.duplicateName,
        message: `The name ${shown(name)} comes twice.`,
        at: { offset },
        subject: shown(name),
      })
    seen.set(key, offset)
    const lower = name.toLowerCase()
    const other = folded.get(lower)
    if (other !== undefined && other !== name)
      report({
        rule: rules.sameNameIgnoringCase,
        message: `${shown(name)} and ${shown(other)} are one name where case does not count.`,
        at: { offset },
        subject: shown(name),
      })
    folded.set(lower, name)
    if (escapesFolder(name))
      report({
        rule: rules.pathEscape,
        message: `The name ${shown(name)} leads out of the folder.`,
        at: { offset },
        subject: shown(name),
      })
  }
}

/** @returns where the member lies; undefined when that cannot be told */
function examineEntry(examination: Examination, entry: Entry, layout: Layout): Extent | undefined {
  const { source, incomplete } = examination
  let header: LocalHeader
  try {
    header = readLocalHeader(source, entry.offset)
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    incomplete(`${shown(entry.name)}: ${error.message}`, { offset: entry.offset })
    return undefined
  }
  compare(examination, entry, header)
  examineMember(examination, entry, header, layout)
  return { from: entry.offset, to: header.dataOffset + entry.packedSize }
}

/** Bit 3: the local header leaves sizes and checksum to a record behind the content. */
const deferred = 0x8
/** Encrypted, compressed patch data, strongly encrypted: readers that do not know them stop, others pass over them. */
const oddFlags = 0x1 | 0x20 | 0x40

function compare({ report }: Examination, entry: Entry, header: LocalHeader): void {
  const isDeferred = (header.flags & deferred) !== 0
  const differs = (what: string, isDifferent: boolean) => {
    if (!isDifferent) return
    const message = `The directory and the member ${shown(entry.name)} disagree on ${what}.`
    report({ rule: rules.contradiction, message, at: { offset: entry.offset }, subject: what })
  }
  differs('its name', !entry.rawName.equals(header.rawName))
  differs('how it is compressed', entry.method !== header.method)
  differs('whether it is encrypted', ((entry.flags ^ header.flags) & oddFlags) !== 0)
  if (isDeferred && header.crc === 0 && header.packedSize === 0) return
  differs('its size', entry.size !== header.size || entry.packedSize !== header.packedSize)
  differs('its checksum', entry.crc !== header.crc)
}

/** 4.4.5; 14 has a header of its own in front of its data, see below. */
const compressions = new Map<number, Compression>([
  [8, 'deflate'],
  [12, 'bzip2'],
  [20, 'zstd'],
  [93, 'zstd'],
  [95, 'xz'],
])
const lzmaMethod = 14
const checksummedBytes = 16 * 1024 * 1024

function examineMember(examination: Examination, entry: Entry, header: LocalHeader, layout: Layout): void {
  const { source, incomplete, report } = examination
  const at = { offset: entry.offset }
  const name = shown(entry.name)
  if (header.dataOffset + entry.packedSize > source.size) {
    incomplete(`${name}: the content reaches beyond the end`, at)
    return
  }
  if (entry.name.endsWith('/') && entry.size === 0) return
  let content: Source
  try {
    content = contentOf(examination, entry, header)
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    incomplete(`${name}: ${error.message}`, at)
    return
  }
  const isWhole = content.size <= checksummedBytes
  const isRight = isWhole && crc32(content.read(0, content.size)) === entry.crc
  if (isWhole && !isRight)
    report({ rule: rules.wrongChecksum, message: `The content of ${name} has another checksum.`, at, subject: name })
  const flags = (entry.flags | header.flags) & oddFlags
  if (flags !== 0) {
    // Marked, yet readable: one reader refuses what another loads.
    if (isRight)
      report({
        rule: rules.contradiction,
        message: `${name} is marked as encrypted and is not.`,
        at,
        subject: 'encryption',
      })
    else incomplete(`${name} is encrypted`, at)
  }
  if (entry.size > bombFrom && entry.size > entry.packedSize * 100 && !isArray(content))
    report({
      rule: rules.bomb,
      message: `${name} unpacks from ${entry.packedSize} to ${entry.size} bytes.`,
      at,
      subject: name,
    })
  const type = entry.mode & 0o170000
  if (type === 0o120000) examineLink(examination, entry, content)
  else if (type !== 0 && type !== 0o100000 && type !== 0o040000)
    report({ rule: rules.device, message: `${name} is a device or a pipe.`, at, subject: name })
  else if (layout.isTensor(entry.name) && entry.method === 0)
    examination.opaque(header.dataOffset, entry.size, 'a tensor')
  else if (layout.isScript?.(entry.name) === true) examineTorchScript(examination, entry.name, content)
  else examination.enter(name, content, layout.expected(entry.name))
}

const bombFrom = 8 * 1024 * 1024

/** An array of numbers may well be all zeros; how large it is its header says, and that is checked there. */
function isArray(content: Source): boolean {
  return Buffer.from(content.read(0, 6)).equals(Buffer.from('\x93NUMPY', 'latin1'))
}

function contentOf({ source, budget, incomplete }: Examination, entry: Entry, { dataOffset }: LocalHeader): Source {
  if (entry.method === 0) return stretch(source, dataOffset, entry.packedSize)
  if (entry.method === lzmaMethod)
    return bytesSource(unpackLzma(exactly(source, dataOffset, entry.packedSize, 'a member'), entry, budget))
  const compression = compressions.get(entry.method)
  if (compression === undefined)
    throw new ArtifactError('unsupported', `compressed by method ${entry.method}, which is not read here`)
  const { bytes, damage } = unpack(source.read(dataOffset, entry.packedSize), compression, budget, entry.size)
  if (damage !== undefined) incomplete(`${shown(entry.name)}: ${damage.message}`)
  return bytesSource(bytes)
}

/** 5.8.8: two bytes of version, the length of the properties, they, then the data; the size is the entry's. */
function unpackLzma(packed: Buffer, { size }: Entry, budget: Budget): Buffer {
  const length = packed.length < 9 ? 0 : packed.readUInt16LE(2)
  if (length < 5) throw new ArtifactError('malformed', 'LZMA data without properties')
  budget.spendUnpacked(packed.length, size)
  const output = new Output(Math.max(1, size), size)
  const properties = lzmaProperties(packed.readUInt8(4))
  decodeLzma(packed.subarray(4 + length), properties, size, output, () => budget.checkTime())
  return output.content()
}

function examineLink({ report }: Examination, entry: Entry, content: Source): void {
  const target = Buffer.from(content.read(0, 4096)).toString('utf8')
  const message = `${shown(entry.name)} is a link to ${shown(target)}.`
  const rule = linkEscapes(entry.name, target) ? rules.pathEscape : rules.link
  report({ rule, message, at: { offset: entry.offset }, subject: shown(entry.name) })
}

/** What lies between, before and after the members, and members that lie in each other. */
function examineGaps(examination: Examination, directory: Directory, extents: readonly Extent[]): void {
  const { report, source, enter } = examination
  const sorted = [...extents].sort((a, b) => a.from - b.from)
  let reached = directory.prefix
  for (const { from, to } of sorted) {
    if (from < reached && reached > directory.prefix)
      report({ rule: rules.overlap, message: `A member begins at ${from}, inside of another.`, at: { offset: from } })
    if (from > reached) examineGap(examination, reached, from)
    reached = Math.max(reached, to)
  }
  if (directory.start > reached) examineGap(examination, reached, directory.start)
  if (directory.prefix > 0) {
    const message = `${directory.prefix} bytes come before the archive.`
    report({ rule: rules.prefixed, message, at: { offset: 0, length: directory.prefix } })
    enter('(prefix)', stretch(source, 0, directory.prefix))
  }
  // An archive within this one, uncompressed and last, has an end of its own.
  const isInside = (place: number) => sorted.some(({ from, to }) => place >= from && place < to)
  for (const place of directory.otherEnds.filter((each) => !isInside(each)))
    report({ rule: rules.severalDirectories, message: 'Another end of a directory is found.', at: { offset: place } })
}

const gapLooked = 1024 * 1024

function examineGap({ report, source, enter }: Examination, from: number, to: number): void {
  const bytes = Buffer.from(source.read(from, Math.min(to - from, gapLooked)))
  // A record behind a member whose sizes were deferred: signature, checksum, two sizes of 4 or 8 bytes.
  const descriptor = bytes.length >= 16 && bytes.readUInt32LE(0) === 0x08074b50 ? (to - from >= 24 ? 24 : 16) : 12
  if (to - from <= descriptor || bytes.every((byte) => byte === 0)) return
  const hidden = bytes.indexOf(Buffer.from('PK\x03\x04', 'latin1'))
  if (hidden >= 0) {
    const message = 'A member is there that the directory does not list.'
    report({ rule: rules.unlisted, message, at: { offset: from + hidden } })
  }
  enter(`(gap at ${from})`, stretch(source, from, to - from))
}
