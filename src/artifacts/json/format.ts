// JSON, whole and line by line: settings of models, which are judged by what a program would do with them, and records
// of data sets, which are judged as texts.
import { judgeConfiguration } from '../configuration/judge.ts'
import * as configurationRules from '../configuration/rules.ts'
import { walk } from '../configuration/walk.ts'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { judgePythonText } from '../python/format.ts'
import { judgeHtml } from '../script/html.ts'
import { activeOutput, scriptDeed } from '../script/rules.ts'
import { judgeShell } from '../script/shell.ts'
import type { Source } from '../source.ts'
import { decodeText } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { textShapeOf } from '../text/kind.ts'
import { shown } from '../text.ts'
import { type JsonNode, member, parseJson } from './parse.ts'

/** A document that is read as one tree. */
const maxDocument = 256 * 1024 * 1024

export const json: Format = {
  id: 'json',
  isActive: false,
  recognise: (probe) => (textShapeOf(probe)?.kind === 'json' ? 'certain' : undefined),
  examine(examination) {
    const { source, name } = examination
    const encoding = encodingOfJson(source)
    const text = decodeText(source, encoding, maxDocument)
    const root = parseWithDuplicates(examination, text, '')
    const isNotebook = member(root, 'cells')?.kind === 'array' && member(root, 'nbformat') !== undefined
    if (isNotebook) judgeNotebook(examination, root)
    judgeConfiguration(examination, root, isNotebook || !isSettings(root, name))
    judgeStrings(examination, root, '')
    return source.size
  },
}

export const jsonLines: Format = {
  id: 'jsonl',
  isActive: false,
  recognise: (probe) => (textShapeOf(probe)?.kind === 'json-lines' ? 'certain' : undefined),
  examine(examination) {
    const { source, budget } = examination
    for (const { text, number, offset } of linesOf(source)) {
      if (number % 256 === 0) budget.checkTime()
      if (text.trim() === '') continue
      const root = parseWithDuplicates(examination, text, `/${number}`)
      judgeConfiguration({ ...examination, report: at(examination, number, offset) }, root, true)
      judgeStrings(examination, root, `/${number}`)
    }
    return source.size
  },
}

function at({ report }: Examination, line: number, offset: number): Examination['report'] {
  return (found) => report({ ...found, at: { ...found.at, offset, pointer: `/${line}${found.at?.pointer ?? ''}` } })
}

function encodingOfJson(source: Source): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = source.read(0, 2)
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}

/** Keys on which more hangs than on others: readers that keep the first and readers that keep the last of two differ. */
const weighty =
  /^(?:auto_map|_target_|target|class_path|chat_template|trust_remote_code|__\w+__|class_name|module|registered_name|weight_map|handler|loader_module|type|_class_name|custom_pipelines|file_name|path|py\/\w+|architectures|lc|id)$/

function parseWithDuplicates({ report }: Examination, text: string, pointer: string): JsonNode {
  return parseJson(text, (name, offset) => {
    report({
      rule: configurationRules.duplicateKey,
      severity: weighty.test(name) ? 'high' : 'low',
      message: `The key ${shown(name)} comes twice in one object.`,
      at: { offset, ...(pointer === '' ? {} : { pointer }) },
      subject: shown(name),
    })
  })
}

/** Settings are an object; a list, or an object that holds long lists of records, is data. */
function isSettings(root: JsonNode, name: string): boolean {
  if (/config|param|setting|args|manifest|index|pipeline|package\.json|tasks\.json|mcp/.test(name.toLowerCase()))
    return true
  if (root.kind === 'array') return /^modules\.json$/.test(name)
  if (root.kind !== 'object') return false
  return !root.members.some(
    ({ value }) => value.kind === 'array' && value.items.length > 20 && value.items[0]?.kind === 'object',
  )
}

const chunkLength = 48 * 1024

/** Parts of tokenizers: hundreds of thousands of fragments, among them every odd character that there is. */
const vocabularies = /^(?:vocab|merges|added_tokens|added_tokens_decoder|id2label|label2id|model_vocab|encoder)$/

/** What the texts of a document hide, with their keys, which say what a secret is. */
export function judgeStrings(examination: Examination, root: JsonNode, base: string): void {
  let chunk = ''
  let place = base
  const flush = () => {
    if (chunk !== '') judgeText(examination, chunk, { pointer: place === '' ? '/' : place })
    chunk = ''
  }
  const waiting: { node: JsonNode; key: string; pointer: string; depth: number }[] = [
    { node: root, key: '', pointer: base, depth: 0 },
  ]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, key, pointer, depth } = next
    if (node.kind === 'text') {
      if (node.value.length < 4) continue
      if (chunk === '') place = pointer
      chunk += key === '' ? `${node.value}\n` : `${key}: ${node.value}\n`
      if (chunk.length >= chunkLength) flush()
      continue
    }
    if (vocabularies.test(key)) continue
    if (node.kind === 'object')
      for (const { name, value } of node.members.toReversed()) {
        if (name.length > 40 && chunk.length < chunkLength) chunk += `${name}\n`
        if (value.kind === 'text' || value.kind === 'object' || value.kind === 'array')
          waiting.push({
            node: value,
            key: name.slice(0, 100),
            pointer: depth < 3 ? `${pointer}/${shown(name, 40)}` : pointer,
            depth: depth + 1,
          })
      }
    else if (node.kind === 'array')
      for (let index = node.items.length - 1; index >= 0; index--) {
        const item = node.items[index]
        if (item !== undefined && (item.kind === 'text' || item.kind === 'object' || item.kind === 'array'))
          waiting.push({ node: item, key: '', pointer: depth < 2 ? `${pointer}/${index}` : pointer, depth: depth + 1 })
      }
  }
  flush()
}

/** Cells run when a person says so; outputs are shown when the notebook is opened. */
function judgeNotebook(examination: Examination, root: JsonNode): void {
  const cells = member(root, 'cells')
  if (cells?.kind !== 'array') return
  const code: string[] = []
  for (const cell of cells.items) {
    const type = member(cell, 'cell_type')
    if (type?.kind === 'text' && type.value === 'code') code.push(joined(member(cell, 'source')))
    const outputs = member(cell, 'outputs')
    if (outputs === undefined) continue
    for (const { node, key, pointer } of walk(outputs))
      if (
        node.kind !== 'object' &&
        /^(?:text\/html|application\/javascript|image\/svg\+xml)$/.test(key) &&
        node.kind === 'array'
      )
        judgeOutput(examination, joined(node), pointer)
      else if (node.kind === 'text' && /^(?:text\/html|application\/javascript|image\/svg\+xml)$/.test(key))
        judgeOutput(examination, node.value, pointer)
  }
  judgePythonText(examination, code.join('\n').replace(/^\s*[%!?].*$/gm, 'pass'), 'notebook')
  for (const line of code.join('\n').matchAll(/^\s*!(.*)$/gm)) {
    const found = judgeShell(line[1] ?? '')
    if (found !== undefined)
      examination.report({
        rule: scriptDeed,
        severity: found.severity,
        message: `A cell ${found.what}: ${shown(line[1] ?? '', 80)}`,
        subject: shown(line[1] ?? '', 80),
      })
  }
}

function joined(node: JsonNode | undefined): string {
  if (node?.kind === 'text') return node.value
  if (node?.kind !== 'array') return ''
  return node.items.map((item) => (item.kind === 'text' ? item.value : '')).join('')
}

function judgeOutput(examination: Examination, html: string, pointer: string): void {
  const found = judgeHtml(html)
  if (found !== undefined)
    examination.report({
      rule: activeOutput,
      severity: found.severity,
      message: `An output ${found.what}.`,
      at: { pointer },
    })
}

/** Lines of a large file, one at a time. */
function* linesOf(source: Source): Generator<{ text: string; number: number; offset: number }> {
  const windowLength = 4 * 1024 * 1024
  const decoder = new TextDecoder(encodingOfJson(source), { fatal: true })
  let rest = ''
  let number = 0
  let offset = 0
  for (let at = 0; at < source.size; ) {
    const bytes = source.read(at, windowLength)
    if (bytes.length === 0) break
    let text: string
    try {
      text = rest + decoder.decode(bytes, { stream: at + bytes.length < source.size })
    } catch {
      throw new ArtifactError('malformed', 'not JSON: not a text', at)
    }
    at += bytes.length
    const lines = text.split('\n')
    rest = at < source.size ? (lines.pop() ?? '') : ''
    if (rest.length > maxLine)
      throw new ArtifactError('over_limit', `limit reached: a line of ${rest.length} characters`, at)
    for (const line of lines) {
      yield { text: line, number: number++, offset }
      offset += line.length + 1
    }
  }
}

const maxLine = 64 * 1024 * 1024
