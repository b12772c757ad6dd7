// The metadata of Arrow's schemas (format/Schema.fbs, Message.fbs, File.fbs), read as bytes: an extension type of Python
// keeps a pickle there, which pyarrow before 14.0.1 loads (CVE-2023-47248).
import { ArtifactError } from '../error.ts'
import type { Examination } from '../format.ts'
import type { Rule } from '../rule.ts'
import { bytesSource } from '../source.ts'
import { judgeText } from '../text/judge.ts'
import { shown } from '../text.ts'

const pythonType: Rule = {
  id: 'arrow/python-type',
  title: 'A column has a type that is a pickle',
  severity: 'high',
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2023-47248'],
  remedy: 'Do not read it with a pyarrow older than 14.0.1; write the column with a plain type.',
}

const maxTables = 100_000

/** @param bytes  a message with a schema in it, with or without the length before it */
export function examineSchema(examination: Examination, bytes: Buffer): void {
  const at =
    bytes.length >= 8 && bytes.readUInt32LE(0) === 0xffff_ffff
      ? 8
      : bytes.length >= 8 && bytes.readUInt32LE(0) + 4 <= bytes.length && bytes.readUInt32LE(0) > 64
        ? 4
        : 0
  examineTable(examination, bytes.subarray(at), 'message')
}

/** @param root  a message (schema as its header), or a file's footer */
export function examineTable(examination: Examination, bytes: Buffer, root: 'message' | 'footer'): void {
  let count = 0
  const table = tableAt(0)
  if (root === 'footer') pairs(table, 4)
  else pairs(table, 4)
  schema(root === 'footer' ? target(table, 1) : target(table, 2))

  function schema(at: number | undefined): void {
    if (at === undefined) return
    pairs(at, 2)
    for (const field of vector(at, 1)) fieldAt(field, 0)
  }

  function fieldAt(at: number, depth: number): void {
    if (depth > 64) throw new ArtifactError('over_limit', 'limit reached: Arrow fields more than 64 levels deep')
    pairs(at, 6)
    for (const child of vector(at, 5)) fieldAt(child, depth + 1)
  }

  function pairs(at: number, slot: number): void {
    const found = new Map<string, Buffer>()
    for (const pair of vector(at, slot))
      found.set((text(pair, 0) ?? Buffer.alloc(0)).toString('utf8'), text(pair, 1) ?? Buffer.alloc(0))
    const extension = found.get('ARROW:extension:name')?.toString('utf8')
    for (const [key, value] of found) {
      const isPython = key === 'ARROW:extension:metadata' && /py_extension_type|pickle/i.test(extension ?? '')
      if (isPython || /pickle/i.test(key)) {
        examination.report({ rule: pythonType, message: `The type ${shown(extension ?? key)} is kept as a pickle.` })
        examination.enter(shown(key, 60), bytesSource(value), 'pickle')
      } else if (value[0] === 0x80 && value.at(-1) === 0x2e)
        examination.enter(shown(key, 60), bytesSource(value), 'pickle')
      else judgeText(examination, value.toString('utf8'), { pointer: `/metadata/${shown(key, 60)}` })
    }
  }

  // FlatBuffers (flatbuffers.dev/internals): every offset is checked before it is followed.

  function tableAt(at: number): number {
    return at + u32(at)
  }
  function u32(at: number): number {
    if (!(at >= 0 && at + 4 <= bytes.length))
      throw new ArtifactError('malformed', 'an Arrow schema points beyond its end', at)
    return bytes.readUInt32LE(at)
  }
  function place(tableOffset: number, slot: number): number | undefined {
    if (++count > maxTables) throw new ArtifactError('over_limit', `limit reached: more than ${maxTables} Arrow tables`)
    u32(tableOffset)
    const vtable = tableOffset - bytes.readInt32LE(tableOffset)
    if (!(vtable >= 0 && vtable + 4 <= bytes.length))
      throw new ArtifactError('malformed', 'an Arrow table points beyond its end', tableOffset)
    const entry = 4 + slot * 2
    if (entry + 2 > bytes.readUInt16LE(vtable) || vtable + entry + 2 > bytes.length) return undefined
    const offset = bytes.readUInt16LE(vtable + entry)
    return offset === 0 ? undefined : tableOffset + offset
  }
  function target(tableOffset: number, slot: number): number | undefined {
    const at = place(tableOffset, slot)
    return at === undefined ? undefined : at + u32(at)
  }
  function* vector(tableOffset: number, slot: number): Generator<number> {
    const at = target(tableOffset, slot)
    if (at === undefined) return
    const length = u32(at)
    if (length > (bytes.length - at) / 4)
      throw new ArtifactError('malformed', 'an Arrow list reaches beyond its end', at)
    for (let index = 0; index < length; index++) yield at + 4 + index * 4 + u32(at + 4 + index * 4)
  }
  function text(tableOffset: number, slot: number): Buffer | undefined {
    const at = target(tableOffset, slot)
    if (at === undefined) return undefined
    const length = u32(at)
    if (length > bytes.length - at - 4) throw new ArtifactError('malformed', 'an Arrow text reaches beyond its end', at)
    return bytes.subarray(at + 4, at + 4 + length)
  }
}
