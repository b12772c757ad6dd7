// Commands to be pasted into a shell: how this program is called from where the user stands.
import { relative, resolve } from 'node:path'

/** A path as one word of a command: relative for what lies inside `cwd`. */
export function pathFrom(cwd: string, path: string): string {
  const inside = relative(cwd, path)
  return shellWord(inside === '' || inside.startsWith('..') ? path : inside)
}

/** ` --data DIR` for a command about this installation; empty for the one that commands take by themselves. */
export function dataOption(cwd: string, data: string): string {
  return data === resolve(cwd, '.holdfast') ? '' : ` --data ${pathFrom(cwd, data)}`
}

/** One word for a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
