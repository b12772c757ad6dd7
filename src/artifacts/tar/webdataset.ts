// Shards of WebDataset: files with the same name up to the first dot are one sample, and the rest of the name says how
// the library decodes each (webdataset/autodecode.py); for some that is unpickling.
import type { Examination } from '../format.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../text.ts'

const loadsObjects: Rule = {
  id: 'tar/webdataset-objects',
  title: 'WebDataset unpickles a member when the shard is read',
  severity: 'high',
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['https://github.com/webdataset/webdataset'],
  remedy: 'Read the shard with decoders of your own, or have the members written as JSON, MessagePack or NumPy arrays.',
}

const data = /\.(?:jpe?g|png|webp|gif|ppm|pgm|cls|cls2|txt|text|transcript|wav|flac|mp3|mp4|mkv|avi)$/i
const objects = /\.(?:pyd|pickle|pkl|pth)$/i

export function examineShard({ report }: Examination, names: readonly string[]): void {
  const samples = new Set(names.filter((name) => data.test(name)).map(sampleOf))
  for (const name of names)
    if (objects.test(name) && samples.size > 0 && (samples.has(sampleOf(name)) || /\.pyd$/i.test(name)))
      report({
        rule: loadsObjects,
        severity: /\.pth$/i.test(name) ? 'medium' : 'high',
        message: `${shown(name)} is unpickled when its sample is decoded.`,
        subject: shown(name),
      })
}

function sampleOf(name: string): string {
  const base = name.lastIndexOf('/') + 1
  const dot = name.indexOf('.', base)
  return dot < 0 ? name : name.slice(0, dot)
}
