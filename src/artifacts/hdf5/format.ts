// HDF5, and so the models of Keras 2, weights of Keras 3, tables of pandas, netCDF-4 and MATLAB 7.3: what its metadata
// lets a reader open beside the file, and what hides in attributes and elements. Numbers are skipped by offset.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { hiddenIn, hiddenProgram } from '../hidden.ts'
import { bytesSource, stretch } from '../source.ts'
import { shown } from '../text.ts'
import { examineDataset, referredTo } from './dataset.ts'
import { bytesAt, type Hdf5File, openHdf5, signatureOf } from './file.ts'
import { messagesOf, messageType } from './header.ts'
import { type GlobalHeaps, globalHeaps } from './heaps.ts'
import { type Link, readDataspace, readDatatype } from './messages.ts'
import * as rules from './rules.ts'
import { examineValue } from './value.ts'
import { type Hdf5Object, resolveShared, walk } from './walk.ts'

export const hdf5: Format = {
  id: 'hdf5',
  isActive: true,
  recognise: ({ source }) => (signatureOf(source) === undefined ? undefined : 'certain'),
  examine(examination) {
    const { source, budget, incomplete } = examination
    const file = openHdf5(source, budget, (what, address) =>
      incomplete(`the checksum of ${what} is wrong`, { offset: address }),
    )
    const heaps = globalHeaps(file)
    examineUserBlock(examination, file)
    examineExtension(examination, file)
    walk(file, {
      object(object) {
        examineAttributes(examination, file, heaps, object)
        examineDataset(examination, file, heaps, object)
        examineNames(examination, file, object)
      },
      link: (path, link) => examineLink(examination, path, link),
      unread: (reason, address) => incomplete(reason, { offset: file.base + address }),
    })
    return file.end
  },
}

/** MATLAB writes who made the file; anything else is looked at for what it is. */
function examineUserBlock(examination: Examination, { source, base }: Hdf5File): void {
  const { report, enter } = examination
  if (base === 0) return
  const block = Buffer.from(source.read(0, base))
  let end = block.length
  while (end > 0 && block[end - 1] === 0) end--
  if (end === 0) return
  const found = hiddenIn(source, 0, base)
  const isMatlab = /^MATLAB [\x20-\x7e]{109}[\0\x20]{8}\0\x02IM$/.test(block.toString('latin1', 0, end))
  if (isMatlab && found === undefined) return
  const at = { offset: 0, length: base }
  if (found === undefined) report({ rule: rules.userBlock, message: `${end} bytes come before the HDF5 content.`, at })
  else report({ rule: hiddenProgram, message: `The bytes before the HDF5 content begin as ${found}.`, at })
  enter('(user block)', stretch(source, 0, end))
}

/** A driver that spreads a file over several is named in the extension of the superblock. */
function examineExtension({ report, incomplete }: Examination, file: Hdf5File): void {
  if (file.extension === undefined) return
  try {
    for (const { type, body, address } of messagesOf(file, file.extension)) {
      if (type !== messageType.driver) continue
      const message = `The file is one of several, written by the driver ${shown(body.toString('latin1', 4, 12))}.`
      report({ rule: rules.otherDriver, message, at: { offset: file.base + address } })
    }
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    incomplete(error.message)
  }
}

function examineLink({ report }: Examination, path: string, link: Link): void {
  const at = { pointer: shown(path) }
  const subject = shown(path)
  if (link.kind === 'external') {
    const message = `${subject} is a link to ${shown(link.target)} in the file ${shown(link.file)}.`
    report({ rule: rules.externalLink, message, at, subject })
  } else if (link.kind === 'user-defined') {
    const message = `${subject} is a link of the kind ${link.type}, which only the program that made it can follow.`
    report({ rule: rules.userLink, message, at, subject })
  }
}

function examineNames({ report }: Examination, file: Hdf5File, { path, attributes, address }: Hdf5Object): void {
  const seen = new Set<string>()
  for (const { attribute } of attributes) {
    const name = shown(`${path}@${attribute.name}`)
    if (seen.has(attribute.name)) {
      const message = `The attribute ${name} comes twice.`
      report({ rule: rules.duplicateName, message, at: { offset: file.base + address, pointer: name }, subject: name })
    }
    seen.add(attribute.name)
  }
}

function examineAttributes(examination: Examination, file: Hdf5File, heaps: GlobalHeaps, object: Hdf5Object): void {
  for (const { attribute, address } of object.attributes) {
    const { name, data, isDatatypeShared, isDataspaceShared } = attribute
    const datatype = readDatatype(
      isDatatypeShared ? resolveShared(file, attribute.datatype, messageType.datatype) : attribute.datatype,
    )
    const dataspace = readDataspace(
      isDataspaceShared ? resolveShared(file, attribute.dataspace, messageType.dataspace) : attribute.dataspace,
      file,
    )
    const place = `${object.path}@${name}`
    const value = (bytes: Buffer, offset: number) => examineValue(examination, bytes, place, name, offset)
    const offset = file.base + address
    const count = Math.min(dataspace.elements, Math.ceil(data.length / Math.max(1, datatype.size)))
    if (count < dataspace.elements)
      throw new ArtifactError('malformed', `the attribute ${shown(place)} has fewer elements than it says`, address)
    if (datatype.kind === 'varying' || datatype.kind === 'varying-text')
      for (let index = 0; index < count; index++) {
        const found = referredTo(file, heaps, data, index * datatype.size)
        if (found !== undefined)
          value(bytesAt(file, found.address, found.length, 'an attribute'), file.base + found.address)
      }
    else if (datatype.kind === 'text' || datatype.kind === 'opaque')
      for (let index = 0; index < count; index++)
        value(data.subarray(index * datatype.size, (index + 1) * datatype.size), offset)
    else if (datatype.kind === 'number' && datatype.size === 1) {
      const found = hiddenIn(bytesSource(data), 0, data.length)
      if (found !== undefined) value(data, offset)
    }
  }
}
