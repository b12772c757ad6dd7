// What an expression could be, as far as that can be told without running it: names of modules and functions, constant
// texts, and where something comes from.

export interface Value {
  /** Full names that it may stand for: `os.system`, `urllib.request.urlopen()`. */
  readonly names: readonly string[]
  /** When it is a constant text; of bytes, one character each. */
  readonly text: string | undefined
  readonly numbers: readonly number[] | undefined
  readonly origins: ReadonlySet<Origin>
  /** Texts in a list, such as the words of a command. */
  readonly items: readonly Value[]
}

/**
 * `decoded`: out of base64 and the like; `assembled`: put together from pieces or characters; `network`; `file`;
 * `secret`: a file or variable that holds one; `environment`: all variables.
 */
export type Origin = 'decoded' | 'assembled' | 'network' | 'file' | 'secret' | 'environment'

export const unknownValue: Value = { names: [], text: undefined, numbers: undefined, origins: new Set(), items: [] }

export function nameValue(...names: readonly string[]): Value {
  return { ...unknownValue, names }
}

export function textValue(text: string, origins: Iterable<Origin> = []): Value {
  return { ...unknownValue, text: text.length <= maxText ? text : text.slice(0, maxText), origins: new Set(origins) }
}

const maxText = 1024 * 1024

/** Something that is worked out from these. */
export function derived(values: readonly Value[], ...more: readonly Origin[]): Value {
  const origins = new Set<Origin>(more)
  for (const value of values) {
    for (const origin of value.origins) origins.add(origin)
    for (const item of value.items.slice(0, 32)) for (const origin of item.origins) origins.add(origin)
  }
  return origins.size === 0 ? unknownValue : { ...unknownValue, origins }
}

/** Either of them. */
export function eitherValue(values: readonly Value[]): Value {
  const names = [...new Set(values.flatMap((value) => value.names))].slice(0, 16)
  const text = values.find((value) => value.text !== undefined)?.text
  return { ...derived(values), names, text }
}

export function isMadeUp(value: Value): boolean {
  return value.origins.has('decoded') || value.origins.has('network') || value.origins.has('assembled')
}
