// Every format that the scanner reads, one line each.
import type { Format } from './format.ts'
import { npy } from './npy/format.ts'
import { pickle } from './pickle/format.ts'
import { text } from './text/format.ts'
import { zip } from './zip/format.ts'

export const formats: readonly Format[] = [zip, npy, pickle, text]
