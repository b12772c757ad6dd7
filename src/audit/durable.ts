// Whole or not at all: a file is written beside its place, made durable, and only then given its name.
import { dirname, join } from 'node:path'
import type { LogFiles } from './files.ts'

export interface NamedData {
  /** Relative to the folder of the log, with `/`. */
  readonly path: string
  readonly data: Uint8Array
}

/** Writes and replaces files under one folder so that they survive a power cut once the promise resolves. */
export class DurableFolder {
  readonly #files: LogFiles
  readonly #dir: string
  readonly #known = new Set<string>()

  constructor(files: LogFiles, dir: string) {
    this.#files = files
    this.#dir = dir
  }

  async write(items: readonly NamedData[]): Promise<void> {
    const touched = new Set<string>()
    for (const { path, data } of items) {
      const place = join(this.#dir, path)
      await this.#makeFolder(dirname(place))
      await this.#replace(place, data)
      touched.add(dirname(place))
    }
    for (const folder of touched) await this.#files.syncFolder(folder)
  }

  async #replace(place: string, data: Uint8Array): Promise<void> {
    const draft = `${place}.tmp`
    try {
      const file = await this.#files.create(draft)
      try {
        await file.write(data, 0)
        await file.datasync()
      } finally {
        await file.close()
      }
      await this.#files.rename(draft, place)
    } catch (error) {
      // What is half written would hold room on a full disk.
      await this.#files.remove(draft).catch(() => {})
      throw error
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#known.has(folder)) return
    await makeFolderDurably(this.#files, folder)
    this.#known.add(folder)
  }
}

/** Makes a folder that survives a power cut: each new name, and that of the folder itself, is synced where it stands. */
export async function makeFolderDurably(files: LogFiles, path: string): Promise<void> {
  const topmost = (await files.makeFolder(path)) ?? path
  for (let folder = path; ; folder = dirname(folder)) {
    await files.syncFolder(dirname(folder))
    if (folder === topmost) return
  }
}
