// Unpacks a folder of a 7z archive: its chain of coders from the packed stream to the files.
import type { Budget } from '../budget.ts'
import { decodeBzip2 } from '../compressed/bzip2.ts'
import { undoFilters } from '../compressed/filters.ts'
import { decodeLzma, decodeLzma2, lzmaProperties } from '../compressed/lzma.ts'
import { Output } from '../compressed/output.ts'
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'
import { unpack } from '../unpack.ts'
import type { Coder, Folder, Streams } from './header.ts'

/** Where the signature header ends, and positions begin. */
export const signatureLength = 32

/** @throws ArtifactError `unsupported` for codecs that are not read here, encryption among them; `over_limit` */
export function unpackFolder(source: Source, streams: Streams, folder: Folder, budget: Budget): Buffer {
  const { coders, bonds, packedInputs, unpackSizes } = folder
  if (coders.some(({ id }) => id.startsWith('06f107'))) throw new ArtifactError('unsupported', 'it is encrypted')
  if (coders.some(({ inputs, outputs }) => inputs !== 1 || outputs !== 1) || packedInputs.length !== 1)
    throw new ArtifactError('unsupported', 'a 7z filter with several streams is not read here')
  const before = streams.packSizes.slice(0, folder.firstPacked).reduce((sum, size) => sum + size, 0)
  const offset = signatureLength + streams.packPosition + before
  let bytes = exactly(source, offset, streams.packSizes[folder.firstPacked] ?? -1, 'a packed stream')
  let [input] = packedInputs
  for (let step = 0; input !== undefined; step++) {
    const coder = coders[input]
    if (coder === undefined || step > coders.length)
      throw new ArtifactError('malformed', 'the coders of a 7z folder make no chain')
    const size = unpackSizes[input] ?? 0
    budget.spendUnpacked(bytes.length, size)
    bytes = decode(coder, bytes, size, budget)
    if (bytes.length < size) throw new ArtifactError('malformed', 'a folder unpacks to less than it says')
    // Of coders with one stream each, the numbers of inputs and of outputs are those of the coders.
    const from: number = input
    input = bonds.find(({ output }) => output === from)?.input
  }
  return bytes
}

function decode({ id, properties }: Coder, packed: Buffer, size: number, budget: Budget): Buffer {
  const checkTime = () => budget.checkTime()
  const output = new Output(Math.max(1, size), size)
  switch (id) {
    case '00':
      return packed.subarray(0, size)
    case '21':
      decodeLzma2(packed, output, checkTime)
      return output.content()
    case '030101':
      decodeLzma(packed, lzmaProperties(properties[0] ?? 255), size, output, checkTime)
      return output.content()
    case '040202':
      decodeBzip2(packed, output, checkTime)
      return output.content()
    case '040108':
      return unpack(packed, 'deflate', budget, size).bytes
    case '04f71101':
      return unpack(packed, 'zstd', budget, size).bytes
    case '04f71102':
      return unpack(packed, 'brotli', budget, size).bytes
    case '04f71104':
      return unpack(packed, 'lz4', budget, size).bytes
    default: {
      const filter = filters.get(id)
      if (filter === undefined) throw new ArtifactError('unsupported', `the 7z codec ${id} is not read here`)
      const copy = Buffer.from(packed.subarray(0, size))
      undoFilters(copy, [{ id: filter, properties }])
      return copy
    }
  }
}

/** 7z's ids of the filters that xz has too, old and new. */
const filters = new Map([
  ['03', 3],
  ['04', 4],
  ['05', 5],
  ['07', 7],
  ['09', 9],
  ['03030103', 4],
  ['03030205', 5],
  ['03030501', 7],
  ['03030805', 9],
])
