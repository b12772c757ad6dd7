// YAML 1.1 and 1.2 by its syntax tree: tags are read, never obeyed; aliases are followed, within a bound.
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { judgeConfiguration } from '../configuration/judge.ts'
import * as configurationRules from '../configuration/rules.ts'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { judgeStrings } from '../json/format.ts'
import type { JsonMember, JsonNode } from '../json/parse.ts'
import { decodeText, encodingOf } from '../text/decode.ts'
import { judgeText } from '../text/judge.ts'
import { textShapeOf } from '../text/kind.ts'
import { shown } from '../text.ts'
import { judgeTag } from './tags.ts'

const maxLength = 16 * 1024 * 1024
const maxNodes = 500_000
const maxDepth = 200

export const yaml: Format = {
  id: 'yaml',
  isActive: false,
  recognise: (probe) => {
    if (textShapeOf(probe)?.kind !== 'yaml') return undefined
    return probe.expected === 'yaml' || /\.ya?ml$|^mlmodel$/.test(probe.name) ? 'certain' : 'plausible'
  },
  examine(examination) {
    const { source, budget } = examination
    const encoding = encodingOf(source.read(0, 64 * 1024), source.size > 64 * 1024)
    if (encoding === undefined) throw new ArtifactError('malformed', 'not a text')
    const text = decodeText(source, encoding, maxLength)
    for (const document of documentsOf(text)) {
      budget.checkTime()
      const [error] = document.errors
      // What one reader refuses another may read: the tags that were seen are told first.
      const root = convert(examination, document)
      judgeConfiguration(examination, root)
      judgeStrings(examination, root, '')
      if (error !== undefined && !/^(?:TAG_RESOLVE_FAILED|DUPLICATE_KEY|MULTIPLE_ANCHORS|BAD_ALIAS)$/.test(error.code))
        throw new ArtifactError('malformed', `not YAML (${error.code})`, error.pos[0])
    }
    judgeText(examination, commentsOf(text))
    return source.size
  },
}

function documentsOf(text: string): readonly Document.Parsed[] {
  try {
    const documents = parseAllDocuments(text, {
      strict: false,
      uniqueKeys: false,
      logLevel: 'silent',
      version: '1.1',
      merge: false,
    })
    return Array.isArray(documents) ? documents : []
  } catch (error) {
    if (error instanceof RangeError) throw new ArtifactError('over_limit', 'limit reached: YAML that nests too deeply')
    throw new ArtifactError('malformed', 'not YAML')
  }
}

/** Comments are not part of the tree, and may hide as well. */
function commentsOf(text: string): string {
  return [...text.matchAll(/(?:^|\s)#(.*)$/gm)].map(([, comment = '']) => comment).join('\n')
}

/** The same tree that JSON has; what an alias stands for is put in its place. */
function convert(examination: Examination, document: Document.Parsed): JsonNode {
  let nodes = 0
  const anchors = new Map<string, unknown>()
  return node(document.contents, 0)

  function node(value: unknown, depth: number): JsonNode {
    if (depth > maxDepth) throw new ArtifactError('over_limit', `limit reached: YAML more than ${maxDepth} levels deep`)
    if (++nodes > maxNodes)
      throw new ArtifactError('over_limit', `limit reached: more than ${maxNodes} YAML nodes, with what aliases repeat`)
    if (isAlias(value)) return node(anchors.get(value.source), depth + 1)
    const offset = offsetOf(value)
    if (isMap(value)) {
      remember(value, offset)
      const members: JsonMember[] = []
      const names = new Set<string>()
      for (const pair of value.items) {
        const name = isScalar(pair.key) ? String(pair.key.value) : isAlias(pair.key) ? '' : ''
        if (!isScalar(pair.key) && pair.key !== null) node(pair.key, depth + 1)
        else if (isScalar(pair.key)) remember(pair.key, offset)
        if (names.has(name) && name !== '' && name !== '<<')
          examination.report({
            rule: configurationRules.duplicateKey,
            message: `The key ${shown(name)} comes twice in one mapping.`,
            at: { offset },
            subject: shown(name),
          })
        names.add(name)
        members.push({ name, offset, value: node(pair.value, depth + 1) })
      }
      return { kind: 'object', offset, members }
    }
    if (isSeq(value)) {
      remember(value, offset)
      return {
        kind: 'array',
        offset,
        items: value.items.map((item) => node(isPair(item) ? item.value : item, depth + 1)),
      }
    }
    if (!isScalar(value)) return { kind: 'literal', offset, value: null }
    remember(value, offset)
    const { value: content } = value
    if (typeof content === 'string') return { kind: 'text', offset, value: content }
    if (typeof content === 'number' || typeof content === 'bigint')
      return { kind: 'number', offset, source: String(content) }
    if (typeof content === 'boolean' || content === null) return { kind: 'literal', offset, value: content }
    return { kind: 'text', offset, value: value.source ?? '' }
  }

  function remember(
    value: { readonly anchor?: string | undefined; readonly tag?: string | undefined },
    offset: number,
  ): void {
    if (value.anchor !== undefined && value.anchor !== '') anchors.set(value.anchor, value)
    if (value.tag !== undefined && value.tag !== '')
      judgeTag(examination, value.tag, isScalar(value) ? value.value : undefined, offset)
  }
}

function offsetOf(value: unknown): number {
  if (!isMap(value) && !isSeq(value) && !isScalar(value)) return 0
  return value.range?.[0] ?? 0
}
