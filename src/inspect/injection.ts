/** The injection detector. */
import type { Detector } from './detector.ts'

export function injection(): Detector {
  return { id: 'injection', version: '0', category: 'injection', detect: () => [] }
}
