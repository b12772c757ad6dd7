// Which kind of text a file is: by its content, where that says it, else by its name. Exactly one of the readers of texts
// takes a file, so that nothing is told twice.
import type { Probe } from '../format.ts'
import { type Encoding, encodingOf } from './decode.ts'

export type TextKind =
  | 'json'
  | 'json-lines'
  | 'yaml'
  | 'csv'
  | 'python'
  | 'requirements'
  | 'script'
  | 'path-file'
  | 'markup'
  | 'text'

export interface TextShape {
  readonly kind: TextKind
  readonly encoding: Encoding
}

/** @returns undefined when the bytes are no text, or belong to a reader of its own (templates) */
export function textShapeOf(probe: Probe): TextShape | undefined {
  if (!shapes.has(probe)) shapes.set(probe, shapeOf(probe))
  return shapes.get(probe)
}

/** Every text format asks for the shape of the same bytes. */
const shapes = new WeakMap<Probe, TextShape | undefined>()

function shapeOf({ head, source, name, expected }: Probe): TextShape | undefined {
  const encoding = encodingOf(head, head.length < source.size)
  if (encoding === undefined || expected === 'jinja' || /\.(?:jinja2?|j2)$/.test(name)) return undefined
  const begin = new TextDecoder(encoding).decode(head.subarray(0, 16 * 1024)).replace(/^\ufeff/, '')
  return { kind: kindOf(begin, name, expected), encoding }
}

function kindOf(begin: string, name: string, expected: string | undefined): TextKind {
  if (expected === 'json' || expected === 'yaml' || expected === 'python') return expected
  if (isJson(begin, name)) return isJsonLines(begin, name) ? 'json-lines' : 'json'
  if (/\.pyi?w?$|\.pyx$/.test(name) || /^#!.*\bpython/.test(begin)) return 'python'
  if (/^(?:ml)?model$|\.ya?ml$|^\.?condarc$/.test(name) && (name !== 'model' || /^\w+:/m.test(begin))) return 'yaml'
  if (/^%YAML\b|^---\s*(?:\n|#|$|!)/.test(begin) && !/\.(?:md|markdown|txt|rst)$/.test(name)) return 'yaml'
  if (/\.[ct]sv$|\.tab$/.test(name)) return 'csv'
  if (
    /^(?:requirements|constraints|pipfile|reqs?)[\w.-]*(?:\.txt|\.in)?$|^pyproject\.toml$|^setup\.cfg$|^pip\.conf$|^\.?pypirc$|^environment[\w.-]*\.txt$/.test(
      name,
    )
  )
    return 'requirements'
  if (/\.pth$/.test(name)) return 'path-file'
  if (isScriptName(name) || /^#!\s*\/|^<\?php|^@echo off/i.test(begin)) return 'script'
  if (/\.(?:md|markdown|html?|xhtml|svg|rst|mdx)$/.test(name) || /^\s*<(?:!doctype html|html)\b/i.test(begin))
    return 'markup'
  return looksLikePython(begin) && !/\.(?:txt|log|tex|rst|c|h|cc|cpp|rs|go|java)$/.test(name) ? 'python' : 'text'
}

function isScriptName(name: string): boolean {
  return (
    /\.(?:sh|bash|zsh|fish|ksh|command|bat|cmd|ps1|psm1|vbs|vbe|js|mjs|cjs|jse|wsf|hta|rb|pl|php|lua|applescript|desktop|service|reg|makefile|mk|r|jl)$/.test(
      name,
    ) || /^(?:dockerfile|containerfile|makefile|justfile|\.bashrc|\.profile|\.envrc)(?:\..*)?$/.test(name)
  )
}

function isJson(begin: string, name: string): boolean {
  const text = begin.trimStart()
  const isNamed = /\.(?:json|jsonl|ndjson|ipynb|geojson|jsonlines|json5|webmanifest|avsc)$/.test(name)
  if (isNamed) return /^[{[]/.test(text)
  return (
    /^\{\s*(?:\}\s*$|"(?:[^"\\\n]|\\.)*"\s*:)/.test(text) ||
    /^\[\s*(?:\]\s*$|[[{"]\s*["{[\]}\d-]|-?\d[\d.eE+-]*\s*[,\]])/.test(text)
  )
}

/** Each line is a value of its own: the first line is whole, and so begins the next. */
function isJsonLines(begin: string, name: string): boolean {
  if (/\.(?:jsonl|ndjson|jsonlines)$/.test(name)) return true
  const lines = begin.trimStart().split('\n')
  const [first = '', second = ''] = lines.filter((line) => line.trim() !== '')
  if (!/^\s*[{[]/.test(second) || !/^[{[].*[}\]]\s*$/.test(first)) return false
  try {
    JSON.parse(first)
    return true
  } catch {
    return false
  }
}

/** Imports at the beginning of lines, or a definition with its colon. */
function looksLikePython(begin: string): boolean {
  const imports = begin.match(
    /^(?:import [A-Za-z_][\w.]*(?: as \w+)?(?:\s*[,;].*)?|from [A-Za-z_.][\w.]* import .+)\s*$/gm,
  )
  if (imports === null) return false
  return (
    imports.length > 1 || /^(?:def|class) \w+.*:\s*$|^\w[\w.]*\(.*\)\s*$|^\w+ = /m.test(begin) || begin.length < 400
  )
}
