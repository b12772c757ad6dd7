// Names of models as a configuration writes them: with `*` for any text.

/**
 * A test for model names: `*` in a pattern stands for any text, everything else for itself. Takes time linear in the
 * name for each pattern, since the first place where a piece fits is always good enough.
 */
export function modelMatcher(patterns: readonly string[]): (model: string) => boolean {
  const compiled = patterns.map((pattern) => pattern.split('*'))
  return (model) => compiled.some((pieces) => matches(pieces, model))
}

function matches(pieces: readonly string[], model: string): boolean {
  const first = pieces[0] ?? ''
  if (pieces.length === 1) return model === first
  const last = pieces.at(-1) ?? ''
  if (!model.startsWith(first)) return false
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = model.indexOf(piece, from)
    if (found < 0) return false
    from = found + piece.length
  }
  return model.length - last.length >= from && model.endsWith(last)
}
