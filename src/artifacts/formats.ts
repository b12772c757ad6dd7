// Every format that the scanner reads, one line each.
import type { Format } from './format.ts'
import { pickle } from './pickle/format.ts'

export const formats: readonly Format[] = [pickle]
