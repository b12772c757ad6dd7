// A map that forgets everything when it is full: what is in it can be worked out again.

export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
}

/** @param most  entries, >= 1 */
export function boundedMap<K, V>(most: number): BoundedMap<K, V> {
  const map = new Map<K, V>()
  return {
    get: (key) => map.get(key),
    set(key, value) {
      if (map.size >= most && !map.has(key)) map.clear()
      map.set(key, value)
    },
  }
}
