// Every format that the scanner reads, one line each.
import type { Format } from './format.ts'

export const formats: readonly Format[] = []
