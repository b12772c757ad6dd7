// Recognises the placeholders of one exchange while their characters arrive.

/** Answers about the beginnings of placeholders. */
export interface PlaceholderMatcher {
  /** The value of a whole placeholder. */
  value(text: string): string | undefined
  /** Whether text is a proper beginning of a placeholder, so that the rest of it may still come. */
  isBeginning(text: string): boolean
}

/** @param values the protected value of each placeholder of the exchange; must not change any more */
export function createMatcher(values: ReadonlyMap<string, string>): PlaceholderMatcher {
  let beginnings: Set<string> | undefined

  // Made when first asked for: most answers hold no bracket at all.
  function listBeginnings(): Set<string> {
    const list = new Set<string>()
    for (const placeholder of values.keys()) {
      for (let length = 1; length < placeholder.length; length++) list.add(placeholder.slice(0, length))
    }
    return list
  }

  return {
    value: (text) => values.get(text),
    isBeginning(text) {
      beginnings ??= listBeginnings()
      return beginnings.has(text)
    },
  }
}
