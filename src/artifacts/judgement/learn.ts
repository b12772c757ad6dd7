// Names that trusted files need and that the scanner does not know, as the draft of a policy. It counts only once a
// person has read and signed it: a file that is trusted may still need something that should not be.
import { stringify } from 'yaml'
import type { ScannedFile } from '../scanner/scan-files.ts'

/** The rules by which the scanner says "not known" rather than "dangerous". */
const unknownNames = new Set(['pickle/foreign-class', 'pickle/foreign-call', 'pickle/unknown-call'])

export interface Proposal {
  /** The text of the policy. */
  readonly text: string
  readonly names: readonly string[]
  /** What is found beside it and no allow-list makes good. */
  readonly refused: readonly { readonly path: string; readonly rule: string; readonly message: string }[]
}

/** @param expires  until when the names are to be allowed, ms since the epoch */
export function proposeAllowed(files: readonly ScannedFile[], expires: number): Proposal {
  const seenIn = new Map<string, Set<string>>()
  const refused: { path: string; rule: string; message: string }[] = []
  for (const { report } of files)
    for (const { rule, subject, message, location } of report.findings) {
      if (unknownNames.has(rule.id) && subject !== undefined && /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(subject))
        seenIn.set(subject, (seenIn.get(subject) ?? new Set()).add(report.path))
      else if (rule.severity !== 'info' && rule.severity !== 'low')
        refused.push({ path: location.path, rule: rule.id, message })
    }
  const names = [...seenIn.keys()].sort()
  const until = new Date(expires).toISOString().slice(0, 10)
  const allow = names.map((name) => ({ name, reason: reasonFor(seenIn.get(name) ?? new Set()), expires: until }))
  const header =
    '# Names that the trusted files import or call. Read what each of them does when it is called with any arguments,\n' +
    '# delete what you do not want, then sign the file: holdfast scan --sign FILE\n'
  return { text: header + stringify({ version: 1, allow }, { lineWidth: 0 }), names, refused }
}

function reasonFor(paths: ReadonlySet<string>): string {
  const [first = ''] = [...paths].sort()
  return `needed by ${first.slice(0, 200)}${paths.size > 1 ? ` and ${paths.size - 1} more` : ''}`
}
