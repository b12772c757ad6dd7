// What a tag asks of a reader that obeys it: PyYAML's unsafe loaders, HyperPyYAML, Ruby, JavaScript, Java, Perl and PHP.
import { weighImport } from '../configuration/imports.ts'
import * as rules from '../configuration/rules.ts'
import type { Examination } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import type { Severity } from '../rule.ts'
import { shown } from '../text.ts'

/** YAML's own, and those of Python's that stand for plain values. */
const plain =
  /^(?:tag:yaml\.org,2002:|!!?)?(?:str|int|float|bool|null|map|seq|set|omap|pairs|binary|timestamp|merge|value|python\/(?:tuple|str|unicode|int|long|float|complex|bool|none|list|dict|bytes))$|^!$/

export function judgeTag({ report, options }: Examination, tag: string, value: unknown, offset: number): void {
  const name = decoded(tag)
  if (plain.test(name)) return
  const at = { offset, element: shown(name) }
  const tell = (severity: Severity, what: string) =>
    report({ rule: rules.objectTag, severity, message: `The tag ${shown(name)} ${what}.`, at, subject: shown(name) })
  const python = /python\/(name|module|object\/apply|object\/new|object)[:/](.*)$/.exec(name)
  if (python !== null) {
    const [, kind = '', path = ''] = python
    const weight = weighImport(kind === 'module' ? `${path}.*` : path, options.allowed)
    const isCall = kind.startsWith('object/')
    if (weight === undefined) tell('low', 'makes an object of Python')
    else if (weight.severity === 'critical') tell('critical', `makes Python use ${shown(path)}, which ${weight.what}`)
    else if (weight.severity === 'high' || isCall) tell('high', `makes Python use ${shown(path)}, which ${weight.what}`)
    else tell('medium', `makes Python use ${shown(path)}, which ${weight.what}`)
    return
  }
  // HyperPyYAML, the language of SpeechBrain.
  const hyper = /^!(new|name|apply|module)(?:ref)?:(.+)$/.exec(name)
  if (hyper !== null) {
    const [, , path = ''] = hyper
    const weight = weighImport(path, options.allowed)
    if (weight !== undefined) {
      const rule =
        weight.severity === 'high' || weight.severity === 'critical' ? rules.dangerousTarget : rules.unknownTarget
      report({
        rule,
        severity: weight.severity,
        message: `The tag ${shown(name)} calls what ${weight.what}.`,
        at,
        subject: shown(name),
      })
    }
    return
  }
  if (/^!include/i.test(name)) {
    const path = name.includes(':') ? name.slice(name.indexOf(':') + 1) : String(value ?? '')
    if (escapesFolder(path))
      report({ rule: rules.pathEscape, message: `The tag includes ${shown(path)}.`, at, subject: shown(path) })
    return
  }
  for (const [pattern, severity, what] of foreign)
    if (pattern.test(name)) {
      tell(severity, what)
      return
    }
}

const foreign: readonly (readonly [RegExp, Severity, string])[] = [
  [/python\//, 'high', 'is of Python'],
  [/(?:^|[!:])ruby\/|^!ruby/, 'critical', 'makes an object of Ruby'],
  [/js\/(?:function|eval)/, 'critical', 'makes a function of JavaScript'],
  [/(?:perl|php)\//, 'high', 'makes an object'],
  // SnakeYAML: a class by its full name (CVE-2022-1471).
  [/^(?:tag:yaml\.org,2002:|!!)[a-z]\w*(?:\.[\w$]+)+/i, 'high', 'makes an object of Java'],
  [
    /^!(?:eval|exec|python|shell|sh|cmd|call|lambda|import|env_?exec|pickle)\b/i,
    'medium',
    'asks for something to be run',
  ],
]

/** Percent signs hide letters in a tag (YAML 1.2.2, 6.8.1). */
function decoded(tag: string): string {
  try {
    return decodeURIComponent(tag)
  } catch {
    return tag
  }
}
