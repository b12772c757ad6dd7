// What a value in an HDF5 file is to those who read it: PyTables unpickles attributes and elements, Keras builds models
// from attributes, others load what they find as YAML or unpack it.
import type { Report } from '../finding.ts'
import type { Examination } from '../format.ts'
import { hiddenIn, hiddenProgram } from '../hidden.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { codeInYaml, hiddenPickle } from './rules.ts'

const kerasAttributes = /^(?:model_config|training_config|keras_config|layer_config)$/

/**
 * @param place   where in the file: `/group@attribute`
 * @param name    of the attribute; empty for elements
 * @param offset  in the source
 */
export function examineValue(
  examination: Examination,
  value: Buffer,
  place: string,
  name: string,
  offset: number,
): void {
  const { report, enter } = examination
  const bytes = withoutPadding(value)
  if (bytes.length === 0) return
  const member = shown(place)
  const at = { offset, length: value.length, pointer: member }
  const found = isPickle(bytes) ? 'a pickle' : hiddenIn(bytesSource(bytes), 0, bytes.length)
  const pickled = found === 'a pickle' ? bytes : decodedPickle(bytes)
  if (pickled !== undefined) {
    report({ rule: hiddenPickle, message: `A pickle is kept at ${member}.`, at, subject: member })
    enter(member, bytesSource(pickled), 'pickle')
  } else if (found !== undefined) {
    report({ rule: hiddenProgram, message: `What is kept at ${member} begins as ${found}.`, at, subject: member })
    enter(member, bytesSource(bytes))
  } else if (kerasAttributes.test(name) || isKerasJson(bytes)) enter(member, bytesSource(bytes), 'keras-config')
  else examineText(examination, bytes.toString('utf8', 0, Math.min(bytes.length, textLooked)), at, member)
}

function examineText({ report, options }: Examination, text: string, at: Report['at'], place: string): void {
  if (/!!python\/(?:object|name|module)|tag:yaml\.org,2002:python\//.test(text))
    report({
      rule: codeInYaml,
      message: `The text at ${place} is YAML that makes Python objects.`,
      ...(at === undefined ? {} : { at }),
      subject: place,
    })
  for (const each of options.inspectText?.(text, place) ?? []) report(each)
}

const textLooked = 1024 * 1024

/** Fixed-length texts are filled up with zeros or spaces. */
function withoutPadding(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** As PyTables tells: what ends in the opcode STOP may be one. Older protocols are told by what they do. */
function isPickle(bytes: Buffer): boolean {
  return bytes.length > 3 && bytes[0] === 0x80 && (bytes[1] ?? 9) <= 5 && bytes[bytes.length - 1] === 0x2e
}

function decodedPickle(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 24 || bytes[0] !== 0x67) return undefined
  const text = bytes.toString('latin1').trim()
  if (!/^gA[I-VX-Y][A-Za-z0-9+/_=\s-]+$/.test(text)) return undefined
  const decoded = Buffer.from(text, 'base64')
  return isPickle(decoded) ? decoded : undefined
}

/** JSON with the keys that every serialised object of Keras has. */
function isKerasJson(bytes: Buffer): boolean {
  if (!/^\s*[{[]/.test(bytes.toString('latin1', 0, 64))) return false
  // An escaped key is the same key.
  return (
    bytes.includes('"class_name"') ||
    /"[a-z_]*(?:\\u00[67][0-9a-f][a-z_]*)+"\s*:/i.test(bytes.toString('latin1', 0, 65_536))
  )
}
