// A process under Node's permission model lets go of what it was given to load its own program. It cannot be undone.

/**
 * From here on nothing can be read, written, started or connected to; what is open already stays open.
 *
 * @throws Error when the process is not under the permission model, or one of its permissions stays
 */
export function giveUpPermissions(): void {
  const { permission } = process
  if (permission === undefined) throw new Error('not started under the permission model')
  for (const scope of ['fs.write', 'fs.read']) permission.drop(scope)
  const scopes = ['fs', 'fs.read', 'fs.write', 'child', 'worker', 'net', 'addon', 'wasi', 'inspector']
  if (scopes.some((scope) => permission.has(scope))) throw new Error('a permission could not be given up')
}
