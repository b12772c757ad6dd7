// Models in XML: OpenVINO, PMML and whatever else. The parser expands no entity and fetches nothing; a document type is
// refused, because the readers of models do not all do the same with it.
import { SaxesParser } from 'saxes'
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../text.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const

const documentType: Rule = {
  id: 'xml/document-type',
  title: 'The document declares a type of its own',
  severity: 'high',
  cwe: ['CWE-611', 'CWE-776'],
  ...about,
  references: ['https://cheatsheetseries.owasp.org/cheatsheets/XML_External_Entity_Prevention_Cheat_Sheet.html'],
  remedy: 'Remove the document type; read XML with a parser that refuses it.',
}

const library: Rule = {
  id: 'xml/native-library',
  title: 'The model names a library to be loaded',
  severity: 'high',
  cwe: ['CWE-114'],
  ...about,
  remedy: 'Do not load it; take the model from its publisher again.',
}

const outsideFile: Rule = {
  id: 'xml/outside-file',
  title: 'The model names a file outside of its folder, or an address',
  severity: 'medium',
  cwe: ['CWE-73'],
  ...about,
  remedy: 'Find out what is read from there before you load the model.',
}

const script: Rule = {
  id: 'xml/script',
  title: 'The document carries code',
  severity: 'high',
  cwe: ['CWE-94'],
  ...about,
  remedy: 'Do not open it with a program that runs code in documents.',
}

const maxDepth = 512
const windowLength = 1024 * 1024

export const xml: Format = {
  id: 'xml',
  isActive: true,
  recognise({ head, name }) {
    const begin = Buffer.from(head.subarray(0, 512))
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trimStart()
    if (/^<\?xml\s/.test(begin)) return 'certain'
    // HTML has its own reader.
    if (/^<!DOCTYPE\s+html|^<html/i.test(begin)) return undefined
    return /^<(?:[A-Za-z_][\w.:-]*[\s>/]|!DOCTYPE|!--)/.test(begin) && /\.(?:xml|pmml|svg|xsd|xsl|gml)$/.test(name)
      ? 'certain'
      : undefined
  },
  examine(examination) {
    const { source, budget, report } = examination
    const parser = new SaxesParser({ fragment: false, xmlns: false })
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let depth = 0
    parser.on('doctype', (text) => {
      const what = /SYSTEM|PUBLIC/.test(text)
        ? 'It names another file or address.'
        : /ENTITY/.test(text)
          ? 'It defines entities.'
          : ''
      report({
        rule: documentType,
        message: `The document declares a type of its own. ${what}`.trimEnd(),
        at: { offset: parser.position },
      })
    })
    parser.on('opentag', ({ name, attributes }) => {
      if (++depth > maxDepth)
        throw new ArtifactError('over_limit', `limit reached: XML more than ${maxDepth} levels deep`)
      judgeElement(examination, name, attributes, parser.position)
    })
    parser.on('closetag', () => {
      depth--
    })
    parser.on('processinginstruction', ({ target }) => {
      if (/^(?:php|xml-stylesheet)$/i.test(target))
        report({
          rule: script,
          message: `The document has a ${shown(target)} instruction.`,
          at: { offset: parser.position },
        })
    })
    parser.on('error', (error) => {
      // An entity that only a document type defines: the type has been reported.
      if (/undefined entity/i.test(error.message)) return
      throw new ArtifactError('malformed', 'not well-formed XML', parser.position)
    })
    for (let offset = 0; offset < source.size; offset += windowLength) {
      budget.checkTime()
      try {
        const isLast = offset + windowLength >= source.size
        parser.write(decoder.decode(source.read(offset, windowLength), { stream: !isLast }))
      } catch (error) {
        if (error instanceof TypeError) throw new ArtifactError('malformed', 'XML that is not UTF-8', offset)
        throw error
      }
    }
    parser.close()
    return source.size
  },
}

function judgeElement(
  { report }: Examination,
  element: string,
  attributes: Readonly<Record<string, string>>,
  offset: number,
): void {
  const at = { offset, element: shown(element) }
  if (/^(?:\w+:)?(?:script|foreignObject)$/i.test(element))
    report({ rule: script, message: `The document has an element ${shown(element)}.`, at })
  for (const [name, value] of Object.entries(attributes)) {
    if (/^on[a-z]{3,}$/i.test(name) && /[(=]/.test(value))
      report({ rule: script, message: `The attribute ${shown(name)} holds code.`, at, subject: shown(name) })
    if (/\.(?:so(?:\.\d+)*|dll|dylib|pyd|pyc|jar|exe|sh|bat|ps1)$/i.test(value))
      report({
        rule: library,
        message: `The attribute ${shown(name)} of ${shown(element)} names ${shown(value)}.`,
        at,
        subject: shown(value),
      })
    else if (isLocation(name) && (escapesFolder(value) || /^(?:https?|ftp|file|smb|jar|data):/i.test(value)))
      report({
        rule: outsideFile,
        message: `The attribute ${shown(name)} of ${shown(element)} names ${shown(value)}.`,
        at,
        subject: shown(value),
      })
  }
}

/** Attributes that readers open. Namespaces and schema locations are names, not files. */
function isLocation(name: string): boolean {
  return /^(?:library|file|filename|path|location|src|source|url|weights|bin|tablelocator|connection)$/i.test(name)
}
