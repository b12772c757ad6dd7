// The one error of this room. It lists every problem of a configuration at once, each with its place in the file.

/** `unreadable`: the file; `syntax`: its YAML; `reference`: a `${NAME}` or `file:`; `invalid`: its content. */
export type ConfigErrorCode = 'unreadable' | 'syntax' | 'invalid' | 'reference'

export interface ConfigIssue {
  /** Where in the document, as `routes[0].upstream`; empty for the document itself. */
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number
  readonly message: string
}

/** A configuration that cannot be used. `message` has one line an issue, `file:line:column: path: what to do`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly file: string
  readonly issues: readonly ConfigIssue[]

  constructor(code: ConfigErrorCode, file: string, issues: readonly ConfigIssue[]) {
    super(issues.map((issue) => formatIssue(file, issue)).join('\n'))
    this.code = code
    this.file = file
    this.issues = issues
  }
}

/** `['routes', 0, 'name']` as `routes[0].name`; a key that is no plain word is quoted, and a long one cut. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.map(formatStep).join('')
}

function formatStep(step: PropertyKey, index: number): string {
  if (typeof step === 'number') return `[${step}]`
  const key = String(step)
  if (/^[\w-]{1,64}$/.test(key)) return index === 0 ? key : `.${key}`
  return `[${JSON.stringify(key.length <= 64 ? key : `${key.slice(0, 63)}…`)}]`
}

function formatIssue(file: string, { path, line, column, message }: ConfigIssue): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
}
