// How fast holdfast scan is, from the shell's point of view: one small file, many small files, one large one.
import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { median, type Row, table } from './table.ts'

const program = join(import.meta.dirname, '..', 'bin', 'holdfast')
const startLimitMs = 300
const largeLimitMs = 2_000
const largeMemory = '200MiB'
const smallLimit = 20

export async function scanBench(print: (line: string) => void): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    const one = join(folder, 'one.npy')
    writeFileSync(one, array(16))
    scan(one)
    const startMs = median(Array.from({ length: 7 }, () => scan(one)))
    const large = join(folder, 'large.pt')
    writeLarge(large, 2e9)
    const largeMs = median(Array.from({ length: 3 }, () => scan(large, '--max-memory', largeMemory)))
    const many = join(folder, 'many')
    const bytes = writeMany(many, 10_000)
    const rate = bytes / 1e6 / ((scan(many, '--jobs', '1') - startMs) / 1000)
    const rows: Row[] = [
      ['', 'measured', 'limit'],
      ['one small file, from start to exit', `${startMs.toFixed(0)} ms`, `${startLimitMs} ms`],
      [`a PyTorch zip of 2 GB, under ${largeMemory}`, `${largeMs.toFixed(0)} ms`, `${largeLimitMs} ms`],
      ['10,000 arrays of 8 kB, one job', `${rate.toFixed(0)} MB/s`, `${smallLimit} MB/s`],
    ]
    print(table(rows))
    return startMs <= startLimitMs && largeMs <= largeLimitMs && rate >= smallLimit
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** ms. @throws Error when the file is not found clean: another verdict would be another amount of work */
function scan(path: string, ...options: string[]): number {
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(program, ['scan', ...options, path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`holdfast scan ${path} ended with ${status}:\n${stdout}${stderr}`)
  return performance.now() - began
}

/** A NumPy array of `count` doubles. */
function array(count: number): Buffer {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${count},), }`.padEnd(117)
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0])
  return Buffer.concat([head, Buffer.from(`${header}\n`), Buffer.alloc(count * 8, 1)])
}

function writeMany(folder: string, count: number): number {
  spawnSync('mkdir', ['-p', folder])
  const bytes = array(1000)
  for (let number = 0; number < count; number++) writeFileSync(join(folder, `${number}.npy`), bytes)
  return count * bytes.length
}

/** As torch.save writes it: a pickle, a tensor, a version. The tensor is a hole in the file. */
function writeLarge(path: string, tensorBytes: number): void {
  const members = [
    { name: 'm/data.pkl', bytes: Buffer.from([0x80, 2, ...Buffer.from('}.')]), size: 4 },
    { name: 'm/data/0', bytes: Buffer.alloc(0), size: tensorBytes },
    { name: 'm/version', bytes: Buffer.from('3\n'), size: 2 },
  ]
  const file = openSync(path, 'w')
  const directory: Buffer[] = []
  let at = 0
  for (const { name, bytes, size } of members) {
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(crc32(bytes), 10)
    fields.writeUInt32LE(size, 14)
    fields.writeUInt32LE(size, 18)
    fields.writeUInt16LE(name.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    const entry = [Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, place, Buffer.from(name)]
    directory.push(Buffer.concat(entry))
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), bytes])
    writeSync(file, local, 0, local.length, at)
    at += local.length - bytes.length + size
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(at, 16)
  ftruncateSync(file, at)
  writeSync(file, Buffer.concat([list, end]), 0, list.length + 22, at)
  closeSync(file)
}
