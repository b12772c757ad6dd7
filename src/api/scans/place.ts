// Where a path leads: only to what lies below a folder that the configuration names, whatever links say.
import { realpath } from 'node:fs/promises'
import { isAbsolute, normalize, sep } from 'node:path'
import { ApiError } from '../error.ts'

/**
 * The real path of what a client asks for.
 *
 * @throws ApiError `invalid_request`; of what is outside of the folders, it does not say whether it is there
 */
export async function placeBelow(path: string, roots: readonly string[]): Promise<string> {
  if (!isAbsolute(path) || path.includes('\0')) throw refused('is no absolute path')
  const asked = normalize(path)
  if (!roots.some((root) => isWithin(normalize(root), asked))) throw outside
  const real = await realpath(asked).catch(() => undefined)
  if (real === undefined) throw refused('leads to nothing that can be read')
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => undefined)
    if (realRoot !== undefined && isWithin(realRoot, real)) return real
  }
  throw outside
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function refused(detail: string): ApiError {
  return new ApiError('invalid_request', 'The path cannot be scanned.', {
    flaws: [{ in: 'body', at: '/path', detail }],
  })
}

const outside = refused('is not below one of the folders in api.scans.roots')
