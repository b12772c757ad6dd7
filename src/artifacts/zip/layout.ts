// What kind of file a zip is by the names in it, and so what its members are: a tensor of torch's has no structure, a
// member called data.pkl is a pickle whatever it begins with.
import type { Entry } from './directory.ts'

export interface Layout {
  readonly id: 'torch-zip' | 'keras-zip' | 'npz' | 'zip'
  /** Raw numbers, which no loader reads any structure into. */
  isTensor(name: string): boolean
  /** Code of TorchScript. */
  isScript?(name: string): boolean
  /** The format that a loader will take a member for. */
  expected(name: string): string | undefined
}

export function layoutOf(entries: readonly Entry[]): Layout {
  const names = entries.map(({ name }) => name)
  const data = names.find((name) => /(?:^|\/)data\.pkl$/.test(name))
  const root = data?.slice(0, -'data.pkl'.length)
  if (root !== undefined && names.some((name) => name === `${root}version` || name.startsWith(`${root}data/`)))
    return {
      id: 'torch-zip',
      isTensor: (name) => /^(?:data|constants)\/\d+$/.test(name.slice(root.length)),
      isScript: (name) => /^code\/.*\.py$/.test(name.slice(root.length)),
      expected: (name) => (/\.(?:pkl|debug_pkl)$/.test(name) ? 'pickle' : undefined),
    }
  const expected = (name: string) => (/\.(?:pkl|pickle)$/i.test(name) ? 'pickle' : undefined)
  if (names.includes('config.json') && names.some((name) => /\.weights\.h5$/.test(name) || name === 'metadata.json'))
    return {
      id: 'keras-zip',
      isTensor: () => false,
      expected: (name) => (name === 'config.json' ? 'keras-config' : expected(name)),
    }
  if (names.length > 0 && names.every((name) => name.endsWith('.npy')))
    return { id: 'npz', isTensor: () => false, expected: (name) => (name.endsWith('.npy') ? 'npy' : undefined) }
  return { id: 'zip', isTensor: () => false, expected }
}
