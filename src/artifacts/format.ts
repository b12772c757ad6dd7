// What a format is to the scanner: how it is recognised, and how it is examined. One folder a format, one line in
// formats.ts.
import type { Budget } from './budget.ts'
import type { Report } from './finding.ts'
import type { Source } from './source.ts'

export interface Format {
  /** `pickle`, `torch-zip`, …; stands in reports. */
  readonly id: string
  /** Loading it can run code or write files: two such readings of the same bytes are a polyglot. */
  readonly isActive: boolean
  /** Its members are entered one by one, so that a format that is read from its end may well be one of them. */
  readonly holdsFiles?: boolean
  /**
   * Judged by content; the name is a hint at most. `certain` when a magic number or a structure says so: then failing
   * to parse it is inconclusive. `plausible` when the bytes may be it: failing to parse it then means that they are
   * not, if another format accepts them.
   */
  recognise(probe: Probe): Recognition | undefined
  /**
   * Reads it and reports what it finds. Nothing of it is ever executed, imported, rendered or loaded.
   *
   * @returns the offset behind the last byte that belongs to it; what follows is examined on its own
   * @throws ArtifactError when it cannot be read to the end
   */
  examine(examination: Examination): number
}

/** `trailing`: as `plausible`, by what stands at the end of the bytes. */
export type Recognition = 'certain' | 'plausible' | 'trailing'

/** What recognising may look at. */
export interface Probe {
  readonly source: Source
  /** The first 64 KiB. */
  readonly head: Uint8Array
  /** The last 64 KiB and 22 bytes, which hold the end of a zip file with its comment. */
  readonly tail: Uint8Array
  /** The last part of the path, lower-case. */
  readonly name: string
  /** What the container says it is, when it knows: a format's id. */
  readonly expected: string | undefined
}

/** What a format works with. */
export interface Examination {
  readonly source: Source
  /** From the file to here: `a.zip!/b/model.pkl`. */
  readonly path: string
  readonly name: string
  readonly budget: Budget
  readonly options: ScanOptions
  report(report: Report): void
  /**
   * Something that keeps the examination from being complete, such as an encrypted member or an unknown compression:
   * the verdict cannot be `clean` any more.
   */
  incomplete(reason: string, at?: Report['at']): void
  /** Examines a member, recursively. Never throws for what is in it. */
  enter(name: string, source: Source, expected?: string): void
  /** Bytes that mean nothing to this format's loader, such as a tensor: only what hides at their start is looked for. */
  opaque(offset: number, length: number, what: string): void
}

export interface ScanOptions {
  /** The names that a site trusts beside the built-in ones: `package.module.Name`, `package.module.*`. */
  readonly allowed: ReadonlySet<string>
  /**
   * Looks into a text for secrets, personal data or instructions. Where it is absent the readers of texts look for
   * secrets and instructions (text/inspector.ts).
   */
  readonly inspectText?: (text: string, place: string) => readonly Report[]
}
