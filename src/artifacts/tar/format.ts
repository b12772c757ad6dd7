// Tar archives: NeMo's and WebDataset's containers, and torch's oldest format.
import type { Examination, Format } from '../format.ts'
import { escapesFolder, linkEscapes } from '../member-name.ts'
import { stretch } from '../source.ts'
import { shown } from '../text.ts'
import * as rules from '../zip/rules.ts'
import { isTarHeader, readEntries, type TarEntry } from './header.ts'
import { examineShard } from './webdataset.ts'

export const tar: Format = {
  id: 'tar',
  isActive: true,
  holdsFiles: true,
  recognise({ head }) {
    const header = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
    if (!isTarHeader(header)) return undefined
    return header.toString('latin1', 257, 262) === 'ustar' ? 'certain' : 'plausible'
  },
  examine(examination) {
    const { source, budget } = examination
    const { entries, end } = readEntries(source, () => budget.spendEntry())
    // torch's oldest format: members called pickle, tensors and storages.
    const names = new Set(entries.map(({ name }) => name.replace(/^\.\//, '')))
    const isTorch = names.has('pickle') && names.has('storages')
    if (!isTorch) examineShard(examination, [...names])
    const links = new Set<string>()
    for (const entry of entries) examineEntry(examination, entry, { isTorch, links })
    return end
  },
}

interface Context {
  readonly isTorch: boolean
  /** Names of the links before: what is written through one lands where it points. */
  readonly links: Set<string>
}

function examineEntry(examination: Examination, entry: TarEntry, { isTorch, links }: Context): void {
  const { report, source, enter } = examination
  const at = { offset: entry.headerOffset }
  const name = shown(entry.name)
  if (escapesFolder(entry.name))
    report({ rule: rules.pathEscape, message: `The name ${name} leads out of the folder.`, at, subject: name })
  const parents = entry.name.split('/').map((_, index, parts) => parts.slice(0, index).join('/'))
  if (parents.some((parent) => links.has(parent)))
    report({ rule: rules.pathEscape, message: `${name} is written through a link.`, at, subject: name })
  switch (entry.type) {
    case '1':
    case '2': {
      // A hard link's target is counted from the top of the archive, a symbolic one's from where it is.
      const from = entry.type === '1' ? '' : entry.name
      const rule = linkEscapes(from, entry.linkTarget) ? rules.pathEscape : rules.link
      report({ rule, message: `${name} is a link to ${shown(entry.linkTarget)}.`, at, subject: name })
      links.add(entry.name.replace(/\/+$/, ''))
      return
    }
    case '3':
    case '4':
    case '6':
      report({ rule: rules.device, message: `${name} is a device or a pipe.`, at, subject: name })
      return
    case '5':
      return
    default: {
      const plain = entry.name.replace(/^\.\//, '')
      const expected = isTorch && plain === 'pickle' ? 'pickle' : undefined
      const member = stretch(source, entry.dataOffset, entry.size)
      if (isTorch && (plain === 'tensors' || plain === 'storages')) enter(name, member, 'pickle')
      else enter(name, member, expected)
    }
  }
}
