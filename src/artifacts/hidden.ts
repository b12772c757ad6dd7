// Programs and pickles at the beginning of bytes that should be plain numbers.
import { isPickleThatCalls } from './pickle/paper-run.ts'
import type { Rule } from './rule.ts'
import { type Source, stretch } from './source.ts'

export const hiddenProgram: Rule = {
  id: 'file/hidden-program',
  title: 'A program is hidden in what should be data',
  severity: 'high',
  cwe: ['CWE-506'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  remedy: 'Take the file from its publisher again, and tell them.',
}

export type Hidden =
  | 'an ELF program'
  | 'a Windows program'
  | 'a macOS program'
  | 'a WebAssembly program'
  | 'a script'
  | 'a zip archive'
  | 'a pickle'

/** What a stretch of bytes begins with, if it is anything that could be run or loaded. Chance does not look like this. */
export function hiddenIn(source: Source, offset: number, length: number): Hidden | undefined {
  const head = Buffer.from(source.read(offset, Math.min(length, 4096)))
  return programIn(head) ?? (isPickleThatCalls(stretch(source, offset, length)) ? 'a pickle' : undefined)
}

/**
 * The same further in: the first place where something begins, among the first and the last bytes.
 *
 * @param looked  bytes to look at from either end
 */
export function hiddenWithin(
  source: Source,
  offset: number,
  length: number,
  looked: number,
): { readonly offset: number; readonly what: Hidden } | undefined {
  const parts =
    length <= 2 * looked
      ? [[0, length]]
      : [
          [0, looked],
          [length - looked, looked],
        ]
  for (const [from = 0, count = 0] of parts) {
    const bytes = Buffer.from(source.read(offset + from, count))
    for (const sign of signs)
      for (let at = bytes.indexOf(sign); at >= 0; at = bytes.indexOf(sign, at + 1)) {
        const what = hiddenIn(source, offset + from + at, length - from - at)
        if (what !== undefined && what !== 'a script') return { offset: offset + from + at, what }
      }
  }
  return undefined
}

/** How programs, archives, and pickles that call what everybody has begin. */
const signs = [
  '\x7fELF',
  'MZ',
  'PK\x03\x04',
  '\x80\x04\x95',
  '\x80\x05\x95',
  '\x80\x03c',
  '\x80\x02c',
  '\x80\x04\x8c',
  'cos\nsystem\n',
  'cposix\nsystem\n',
  'c__builtin__\n',
  'cbuiltins\n',
  'csubprocess\n',
].map((sign) => Buffer.from(sign, 'latin1'))

/** What the first 4096 bytes of something say. */
export function programIn(head: Buffer): Exclude<Hidden, 'a pickle'> | undefined {
  if (head.length < 16) return undefined
  if (isElf(head)) return 'an ELF program'
  if (isWindowsProgram(head)) return 'a Windows program'
  if (isMachO(head)) return 'a macOS program'
  if (isWasm(head)) return 'a WebAssembly program'
  if (/^#! ?\/(?:usr\/|bin\/|opt\/)[\x20-\x7e]{2,120}\n/.test(head.toString('latin1'))) return 'a script'
  return isZip(head) ? 'a zip archive' : undefined
}

/** e_ident of ELF: class, byte order, version 1. */
function isElf(head: Buffer): boolean {
  const [, , , , bits = 0, order = 0, version] = head
  return (
    head.readUInt32BE(0) === 0x7f454c46 && (bits === 1 || bits === 2) && (order === 1 || order === 2) && version === 1
  )
}

/** MZ, and PE where its header says. */
function isWindowsProgram(head: Buffer): boolean {
  if (head.readUInt16BE(0) !== 0x4d5a || head.length < 64) return false
  const place = head.readUInt32LE(0x3c)
  return place >= 64 && place + 4 <= head.length && head.readUInt32BE(place) === 0x50450000
}

/** A thin Mach-O with one of the processor types that exist. */
function isMachO(head: Buffer): boolean {
  const magic = head.readUInt32LE(0)
  const processors = [7, 12, 18, 0x01000007, 0x0100000c, 0x01000012, 0x0200000c]
  return (magic === 0xfeedface || magic === 0xfeedfacf) && processors.includes(head.readUInt32LE(4))
}

/** Its magic and version 1, then a section that exists. */
function isWasm(head: Buffer): boolean {
  return head.readUInt32BE(0) === 0x0061736d && head.readUInt32LE(4) === 1 && head.readUInt8(8) <= 13
}

/** A local header that could be one: a known version and method, a name of printable characters. */
function isZip(head: Buffer): boolean {
  if (head.readUInt32LE(0) !== 0x04034b50 || head.length < 31) return false
  const nameLength = head.readUInt16LE(26)
  const name = head.toString('latin1', 30, Math.min(head.length, 30 + nameLength))
  return head.readUInt16LE(4) <= 63 && nameLength > 0 && nameLength < 1024 && /^[\x20-\x7e]+$/.test(name)
}
