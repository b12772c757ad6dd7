/**
 * What the artifact scanner costs: a pickle of 20 million opcodes beside Python's own pickletools.genops, which
 * scanners written in Python stand on; a PyTorch file of 2 GB; ten thousand small files.
 *
 *   bin/holdfast-node bench/artifacts.ts
 *
 * CPU time of processes of their own, so that what else the machine does counts little.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { table } from './table.ts'

const leastRatio = 20
const pickleMemory = 300 * 2 ** 20
const torchMemory = 200 * 2 ** 20
const torchMs = 2000
const smallMBps = 20

/** Prints the figures; true when all are within what the project has set itself. */
export function artifactsBench(print: (line: string) => void): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    const pickle = benchPickle(folder, print)
    const torch = benchTorch(folder)
    const small = benchSmallFiles(folder)
    print(
      table([
        ['', 'MB/s of CPU', 'wall ms', 'memory MiB', 'verdicts'],
        ...[pickle, torch, small].map(({ what, bytes, run }) => [
          what,
          megabytes(bytes, run.cpuMs),
          run.wallMs.toFixed(0),
          (run.rssBytes / 2 ** 20).toFixed(0),
          JSON.stringify(run.verdicts),
        ]),
      ]),
    )
    return (
      pickle.ratio >= leastRatio &&
      pickle.run.rssBytes < pickleMemory &&
      torch.run.wallMs < torchMs &&
      torch.run.rssBytes < torchMemory &&
      small.bytes / small.run.cpuMs / 1000 >= smallMBps
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Run {
  readonly cpuMs: number
  readonly wallMs: number
  readonly rssBytes: number
  readonly verdicts: Readonly<Record<string, number>>
}

function run(paths: readonly string[]): Run {
  const program = join(import.meta.dirname, 'artifacts/scan-one.ts')
  return JSON.parse(
    execFileSync(process.execPath, [...process.execArgv, '--conditions=holdfast-source', program, ...paths], {
      encoding: 'utf8',
      maxBuffer: 2 ** 24,
    }),
  )
}

/** Records of texts, numbers and memo entries, as pickles of data sets have them. */
function benchPickle(folder: string, print: (line: string) => void) {
  const path = join(folder, 'data.pkl')
  writeFileSync(path, pickleOf(1_430_000))
  const short = join(folder, 'short.pkl')
  writeFileSync(short, pickleOf(300_000))
  const bytes = statSync(path).size
  const own = run([path])
  const script = `import pickletools, time, sys
start = time.process_time()
count = sum(1 for _ in pickletools.genops(open(sys.argv[1], 'rb')))
print(time.process_time() - start, count)`
  const { stdout, status } = spawnSync('python3', ['-c', script, short], { encoding: 'utf8' })
  if (status !== 0) {
    print('SKIPPED the comparison with pickletools.genops: python3 is not installed')
    return { what: 'pickle of 20 million opcodes', bytes, run: own, ratio: Number.POSITIVE_INFINITY }
  }
  const [seconds = 0, opcodes = 0] = stdout.split(' ').map(Number)
  const theirs = statSync(short).size / seconds / 1e6
  const ratio = bytes / own.cpuMs / 1000 / theirs
  print(
    `pickletools.genops: ${theirs.toFixed(2)} MB/s of CPU over ${opcodes} opcodes of the same kind; ours is ${ratio.toFixed(0)} times that`,
  )
  return { what: 'pickle of 20 million opcodes', bytes, run: own, ratio }
}

function pickleOf(records: number): Buffer {
  const record = Buffer.from('}(\x8c\x02idM\x01\x02\x94\x8c\x04nameh\x00\x8c\x01vK\x07K\x05N\x87\x94u', 'latin1')
  return Buffer.concat([
    Buffer.from('\x80\x04\x8c\x05words\x940](', 'latin1'),
    ...Array.from({ length: records }, () => record),
    Buffer.from('e.', 'latin1'),
  ])
}

/** A checkpoint of eight tensors of 256 MiB, stored; the file has holes where the numbers would be. */
function benchTorch(folder: string) {
  const path = join(folder, 'model.pt')
  const tensorBytes = 256 * 2 ** 20
  const file = openSync(path, 'w')
  const entries: Buffer[] = []
  let at = 0
  const write = (bytes: Buffer) => {
    writeSync(file, bytes, 0, bytes.length, at)
    at += bytes.length
  }
  const member = (name: string, content: Buffer | number) => {
    const size = typeof content === 'number' ? content : content.length
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    if (typeof content !== 'number') fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(size, 14)
    fields.writeUInt32LE(size, 18)
    fields.writeUInt16LE(name.length, 22)
    const place = Buffer.alloc(4)
    place.writeUInt32LE(at)
    entries.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), fields, Buffer.alloc(10), place, Buffer.from(name))
    write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name)]))
    if (typeof content === 'number') at += content
    else write(content)
  }
  const count = 7
  member('model/data.pkl', stateDictionary(count, tensorBytes / 4))
  member('model/version', Buffer.from('3\n'))
  for (let index = 0; index < count; index++) member(`model/data/${index}`, tensorBytes)
  const start = at
  write(Buffer.concat(entries))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(count + 2, 8)
  end.writeUInt16LE(count + 2, 10)
  end.writeUInt32LE(at - start, 12)
  end.writeUInt32LE(start, 16)
  write(end)
  ftruncateSync(file, at)
  return { what: `PyTorch file of ${(at / 1e9).toFixed(1)} GB`, bytes: at, run: run([path]) }
}

function stateDictionary(count: number, elements: number): Buffer {
  const integer = (value: number) => {
    const bytes = Buffer.alloc(5, 'J')
    bytes.writeInt32LE(value, 1)
    return bytes.toString('latin1')
  }
  const text = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`
  const tensor = (index: number) =>
    `${text(`layer${index}`)}ctorch._utils\n_rebuild_tensor_v2\n((${text('storage')}ctorch\nFloatStorage\n${text(String(index))}${text('cpu')}${integer(elements)}tQK\0${integer(elements)}\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR`
  const tensors = Array.from({ length: count }, (_, index) => tensor(index)).join('')
  return Buffer.from(`\x80\x02}(${tensors}u.`, 'latin1')
}

/** Small pickles, configurations and arrays, each with its own numbers. */
function benchSmallFiles(folder: string) {
  const path = join(folder, 'small')
  mkdirSync(path)
  const paths: string[] = []
  let bytes = 0
  for (let index = 0; index < 10_000; index++) {
    const name = join(path, `${index}.${index % 2 === 0 ? 'pkl' : 'npy'}`)
    const content = index % 2 === 0 ? pickleOf(200 + (index % 100)) : arrayOf(1000 + index)
    writeFileSync(name, content)
    paths.push(name)
    bytes += content.length
  }
  return { what: 'ten thousand small files', bytes, run: run(paths) }
}

function arrayOf(length: number): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${length},), }`.padEnd(117)
  const values = Float32Array.from({ length }, (_, index) => Math.sin(index))
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n`, 'latin1'), Buffer.from(values.buffer)])
}

function megabytes(bytes: number, milliseconds: number): string {
  return (bytes / milliseconds / 1000).toFixed(1)
}
