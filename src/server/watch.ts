// Notices that a configuration is no longer what was read. The system tells of changes in the folders (inotify and its
// kin); since it does not do so everywhere (network file systems, some containers), a look every few seconds finds what
// was missed. Content decides, not times: an editor that renames over a file, and Kubernetes, which swaps a link to a
// folder, are all the same.
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { type ConfigurationReader, hasChanged, type Recording } from './recording.ts'

export interface WatchOptions {
  /** What was read last, used or not: the same is not tried twice. */
  readonly lastRead: () => Recording
  readonly reader: ConfigurationReader
  readonly changed: () => Promise<unknown>
  /** How long it must be quiet before a look: a file is often written in several steps. ms, default 200. */
  readonly quietMs?: number
  /** ms, default 5000. */
  readonly pollMs?: number
}

/** @returns how to stop */
export function watchConfiguration(options: WatchOptions): () => void {
  const { lastRead, reader, changed, quietMs = 200, pollMs = 5000 } = options
  const watchers = new Map<string, FSWatcher>()
  let isLooking = false
  let quiet: NodeJS.Timeout | undefined
  const poll = setInterval(look, pollMs).unref()

  function look(): void {
    if (isLooking || !hasChanged(lastRead(), reader)) return
    isLooking = true
    changed().finally(() => {
      isLooking = false
      watchFolders()
      // What changed in the meantime was not looked at.
      stir()
    })
  }

  function stir(): void {
    clearTimeout(quiet)
    quiet = setTimeout(look, quietMs).unref()
  }

  /** The folders, not the files: a watch on a file ends when another one takes its name. */
  function watchFolders(): void {
    const wanted = foldersOf(lastRead())
    for (const [folder, watcher] of watchers) {
      if (wanted.has(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of wanted) if (!watchers.has(folder)) watchFolder(folder)
  }

  function watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, stir)
      watchers.set(folder, watcher)
      watcher.on('error', () => {
        watcher.close()
        watchers.delete(folder)
      })
    } catch {
      // No such folder yet, or no watches left: the look every few seconds remains.
    }
  }

  watchFolders()
  return () => {
    clearInterval(poll)
    clearTimeout(quiet)
    for (const watcher of watchers.values()) watcher.close()
  }
}

function foldersOf({ files, folders }: Recording): Set<string> {
  return new Set([...[...files.keys()].map((path) => dirname(path)), ...folders.keys()])
}
