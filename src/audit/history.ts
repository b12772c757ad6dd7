// All checkpoints that a log ever signed, in the file `checkpoints`, one line each:
//
//   <size> <root, base64> <Ed25519 signature of the checkpoint, base64>
//
// They narrow a change down to the entries between two of them. The ML-DSA-44 line (3.3 kB, more than an entry) is
// left out: the newest checkpoint has it, and its root commits to every tree before it.
import { join } from 'node:path'
import { LogError } from './error.ts'
import type { LogFiles } from './files.ts'
import { type Checkpoint, openCheckpoint } from './tlog/checkpoint.ts'
import { parseNote, type VerifierKey } from './tlog/note.ts'

export interface HistoryLine {
  readonly size: number
  readonly root: Uint8Array
  readonly signature: Uint8Array
}

const blockBytes = 64 * 1024
// 15 digits, 44 and 88 characters of base64, two spaces and a newline.
const maxLineBytes = 256

export function historyPath(dir: string): string {
  return join(dir, 'checkpoints')
}

/** The line of a checkpoint, with its newline. `note` is the checkpoint as signed with the Ed25519 key `keyId`. */
export function historyLine(checkpoint: Checkpoint, note: string, keyId: string): string {
  const signature = parseNote(note).signatures.find((line) => line.keyId === keyId)
  if (signature === undefined) throw new LogError('signature', 'the checkpoint has no Ed25519 signature of this log')
  return formatHistoryLine({ size: checkpoint.size, root: checkpoint.root, signature: signature.value })
}

export function formatHistoryLine({ size, root, signature }: HistoryLine): string {
  return `${size} ${base64(root)} ${base64(signature)}\n`
}

/**
 * The last sound line and where the next one goes. The line after it may have been cut at a crash, at its end or, when
 * a sector did not reach the disk, at its beginning; it is then written again at its place.
 */
export async function readHistoryEnd(
  files: LogFiles,
  dir: string,
): Promise<{ last: HistoryLine | undefined; end: number }> {
  const length = (await files.sizeOf(historyPath(dir))) ?? 0
  const from = Math.max(0, length - 4 * maxLineBytes)
  const tail = Buffer.from((await files.read(historyPath(dir), from, length - from)) ?? []).toString('latin1')
  const lines = tail
    .slice(0, tail.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
  if (lines.length > 0 && parseHistoryLine(lines.at(-1) ?? '') === undefined) lines.pop()
  const end = lines.reduce((total, line) => total + line.length + 1, from)
  return { last: parseHistoryLine(lines.at(-1) ?? ''), end }
}

/** All lines from the beginning; `undefined` for a line that is none. A cut last line is left out. */
export async function* readHistory(files: LogFiles, dir: string): AsyncGenerator<HistoryLine | undefined> {
  let rest = ''
  for (let at = 0; ; at += blockBytes) {
    const block = await files.read(historyPath(dir), at, blockBytes)
    const lines = (rest + Buffer.from(block ?? []).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield parseHistoryLine(line)
    if (block === undefined || block.length < blockBytes || rest.length > blockBytes) return
  }
}

/** Whether a line was signed by the log. */
export function isSigned(line: HistoryLine, origin: string, keys: readonly VerifierKey[]): boolean {
  const key = keys.find(({ algorithm }) => algorithm === 'ed25519')
  if (key === undefined) return false
  const signature = base64(Buffer.concat([Buffer.from(key.id, 'hex'), line.signature]))
  try {
    openCheckpoint(`${origin}\n${line.size}\n${base64(line.root)}\n\n— ${key.name} ${signature}\n`, [key])
    return true
  } catch {
    return false
  }
}

function parseHistoryLine(line: string): HistoryLine | undefined {
  const [, size, root = '', signature = ''] = /^(\d{1,15}) ([\w+/]{43}=) ([\w+/]{86}==)$/.exec(line) ?? []
  if (size === undefined) return undefined
  return { size: Number(size), root: Buffer.from(root, 'base64'), signature: Buffer.from(signature, 'base64') }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
