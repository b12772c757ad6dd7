// The files of a folder, always in the same order. Links are not followed out of it, so that a model's folder cannot
// make the scanner read, or report on, what lies elsewhere; but what is not read is said.
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { localContent } from './content.ts'
import type { Target } from './scan-files.ts'

/** Version control keeps no model; what it does keep is checked out beside it. */
const passedOver = new Set(['.git'])

/**
 * The files at `root`: itself when it is one, else all below it.
 *
 * @param shownAs  what stands for `root` in the paths of the report; when empty, they begin below it
 * @throws what `stat` throws when there is nothing at `root`
 */
export async function walk(root: string, shownAs: string): Promise<readonly Target[]> {
  const found = await stat(root)
  if (!found.isDirectory()) return [fileTarget(root, shownAs, found)]
  const real = await realpath(root)
  const folder: Folder = {
    root: real,
    boundary: await boundaryOf(real),
    targets: [],
    linked: new Set(),
    blobs: new Map(),
  }
  await walkFolder(folder, real, shownAs)
  const unlinked = [...folder.blobs].filter(([path]) => !folder.linked.has(path)).map(([, target]) => target)
  return [...folder.targets, ...unlinked]
}

interface Folder {
  readonly root: string
  /** Links may lead to what is inside of it. */
  readonly boundary: string
  readonly targets: Target[]
  /** Files that links lead to. */
  readonly linked: Set<string>
  /** Files in a `blobs` folder, which are known by the names of the links to them where there are such. */
  readonly blobs: Map<string, Target>
}

/**
 * The cache of Hugging Face's hub keeps `snapshots/REVISION/model.bin` as a link to `../../blobs/DIGEST`: whoever
 * scans a snapshot means these.
 */
async function boundaryOf(root: string): Promise<string> {
  for (let folder = root; dirname(folder) !== folder; folder = dirname(folder)) {
    if (basename(folder) !== 'snapshots') continue
    const blobs = await lstat(join(dirname(folder), 'blobs')).catch(() => undefined)
    if (blobs?.isDirectory() === true) return dirname(folder)
  }
  return root
}

async function walkFolder(folder: Folder, path: string, shownAs: string): Promise<void> {
  let entries: Dirent[]
  try {
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown reason'
    folder.targets.push({ path: `${shownAs}/`, refused: `the folder cannot be read: ${code}` })
    return
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const names = new Set(entries.map(({ name }) => name))
  const isHubCache = names.has('snapshots') && names.has('blobs')
  for (const entry of entries) {
    if (passedOver.has(entry.name)) continue
    const inner = join(path, entry.name)
    const innerShown = shownAs === '' ? entry.name : `${shownAs}/${entry.name}`
    if (entry.isSymbolicLink()) await addLink(folder, inner, innerShown)
    else if (entry.isDirectory()) {
      if (isHubCache && entry.name === 'blobs') await walkBlobs(folder, inner, innerShown)
      else await walkFolder(folder, inner, innerShown)
    } else folder.targets.push(await entryTarget(inner, innerShown))
  }
}

async function walkBlobs(folder: Folder, path: string, shownAs: string): Promise<void> {
  const inner: Folder = { ...folder, targets: [] }
  await walkFolder(inner, path, shownAs)
  for (const target of inner.targets) folder.blobs.set(join(path, target.path.slice(shownAs.length)), target)
}

async function addLink(folder: Folder, path: string, shownAs: string): Promise<void> {
  const target = await realpath(path).catch(() => undefined)
  if (target === undefined) {
    folder.targets.push({ path: shownAs, refused: 'a link that leads nowhere' })
    return
  }
  if (!isWithin(folder.boundary, target)) {
    folder.targets.push({ path: shownAs, refused: 'a link that leads out of the folder, which is not followed' })
    return
  }
  const found = await stat(target)
  if (found.isDirectory()) {
    // What a folder below the root holds is found where it lies.
    if (!isWithin(folder.root, target)) folder.targets.push({ path: shownAs, refused: 'a link to another folder' })
    return
  }
  folder.linked.add(target)
  folder.targets.push(fileTarget(target, shownAs, found))
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

async function entryTarget(path: string, shownAs: string): Promise<Target> {
  const found = await lstat(path).catch(() => undefined)
  return found === undefined ? { path: shownAs, refused: 'the file cannot be read' } : fileTarget(path, shownAs, found)
}

function fileTarget(path: string, shownAs: string, found: Stats): Target {
  if (!found.isFile()) return { path: shownAs, refused: 'not a file: a device, a pipe or a socket' }
  const { dev, ino, size, mtimeMs } = found
  return { path: shownAs, size, stamp: `${dev}:${ino}:${size}:${mtimeMs}`, open: () => localContent(path, found) }
}
