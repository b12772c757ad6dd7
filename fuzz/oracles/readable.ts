// What an independent reader of JSON finds readable: every string and every key, with its place. JSON.parse keeps the
// last of two members with the same key; who relies on this asks first whether there are two.

export interface Readable {
  /** JSON Pointer (RFC 6901); for a key, that of its member and `~key`. */
  readonly path: string
  readonly text: string
  readonly isKey: boolean
}

export function readables(value: unknown, path = ''): Readable[] {
  if (typeof value === 'string') return [{ path, text: value, isKey: false }]
  if (Array.isArray(value)) return value.flatMap((item, at) => readables(item, `${path}/${at}`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return [{ path: `${at}~key`, text: name, isKey: true }, ...readables(member, at)]
  })
}

/** The value at a pointer; undefined when there is none. */
export function valueAt(value: unknown, path: string): unknown {
  return stepsOf(path).reduce<unknown>(
    (at, step) => (isContainer(at) && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined),
    value,
  )
}

/** Sets the value at a pointer, which must exist. @returns the whole */
export function setAt(whole: unknown, path: string, changed: unknown): unknown {
  if (path === '') return changed
  const parent = valueAt(whole, path.slice(0, path.lastIndexOf('/')))
  const name = stepsOf(path).at(-1) ?? ''
  if (isContainer(parent))
    Object.defineProperty(parent, name, { value: changed, enumerable: true, writable: true, configurable: true })
  return whole
}

function stepsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
