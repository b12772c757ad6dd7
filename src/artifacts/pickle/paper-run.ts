// Runs bytes as a pickle on paper, without judging, to tell whether they are one at all.
import { ArtifactError } from '../error.ts'
import { type Source, stretch } from '../source.ts'
import { Cursor } from './cursor.ts'
import { isFramework } from './frameworks.ts'
import { Machine, type Observer } from './machine.ts'
import { isStandardLibrary } from './standard-library.ts'
import { Elements, kind } from './values.ts'

/**
 * Whether the bytes at `offset` can be a pickle: protocol 2 and later say so; of the older ones a run on paper tells.
 * A pickle reaches its end, or has called or imported something before it breaks.
 */
export function isPickleAt(source: Source, offset: number): boolean {
  const [first, second = 9] = source.read(offset, 2)
  if (first === 0x80 && second <= 5) return true
  const { hasEnded, calls, known, opcodes } = runOnPaper(stretch(source, offset, source.size - offset))
  return calls > 0 || known > 0 || (hasEnded && opcodes > 1)
}

/** Stricter, for bytes that should be numbers: it imports what exists and calls it, which chance does not. */
export function isPickleThatCalls(source: Source): boolean {
  const { calls, known, hasEnded } = runOnPaper(source)
  return known > 0 && (calls > 0 || hasEnded)
}

/** Opcodes after which it is plain what the bytes are. */
const enough = 4_000_000
const paperWindow = 64 * 1024
const paperElements = 256

class Enough extends Error {}

/** Runs without judging, until it is plain what the bytes are. */
function runOnPaper(source: Source) {
  let known = 0
  let imports = 0
  let calls = 0
  const call = () => {
    if (imports > 0) calls++
    if (calls > 0 && known > 0) throw new Enough()
    return { kind: kind.result, value: 0 }
  }
  const onlyLooking: Observer = {
    imported(module) {
      if (isStandardLibrary(module) || isFramework(module)) known++
      return ++imports
    },
    importedComputed: () => ({ kind: kind.result, value: ++imports }),
    extension: () => ({ kind: kind.result, value: 0 }),
    called: call,
    built: (target) => target,
    filled: () => {},
    persistent() {
      // Python's own loader knows none; a zip file would read as one.
      throw new ArtifactError('malformed', 'a persistent id')
    },
    bytes: () => {},
    straddled: () => {},
    expanding: () => {},
  }
  const machine = new Machine(new Cursor(source, 0, paperWindow), new Elements(paperElements), onlyLooking, () => {
    if (machine.opcodes > enough) throw new Enough()
  })
  let hasEnded = true
  try {
    machine.run()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof Enough)) throw error
    hasEnded = error instanceof Enough
  }
  return { hasEnded, calls, known, opcodes: machine.opcodes }
}
