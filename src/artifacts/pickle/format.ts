// Python's pickle, in every protocol: alone, one after the other, and with the raw arrays of joblib and torch.
import type { Format } from '../format.ts'
import { isPickleAt } from './paper-run.ts'
import { examineStreams } from './streams.ts'

export const pickle: Format = {
  id: 'pickle',
  isActive: true,
  holdsFiles: true,
  recognise({ source, head, expected }) {
    if (expected === 'pickle') return 'certain'
    if (head[0] === 0x80 && (head[1] ?? 9) >= 2 && (head[1] ?? 9) <= 5) return 'certain'
    return isPickleAt(source, 0) ? 'plausible' : undefined
  },
  examine: (examination) => examineStreams(examination).end,
}
