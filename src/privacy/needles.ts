// Finds protected values in a short piece of text, in the forms in which they would travel in an address: as they are,
// percent-encoded, in character references, in base64 or in hexadecimal.

export interface Needles {
  /** The length from which a piece of text surely holds a whole value in any form; overlap pieces by so much. */
  readonly longest: number
  /** Whether any value stands in the text, in any form. */
  isIn(text: string): boolean
  /** Where values stand in the text as they are. */
  placesIn(text: string): { readonly start: number; readonly end: number }[]
  /** Whether the text ends in the middle of a value, where white space comes next in it. */
  isCutAtSpace(text: string): boolean
}

// Shorter values would be found in addresses by accident.
const SHORTEST = 4
// Below this, a value counts only as a word of its own and in its own letter case.
const SHORTEST_FOLDED = 8
// Of a longer value its middle is enough.
const LONGEST = 128
const PREFIX = 4

/** Prepares the search; the work is done when something is first looked for. */
export function createNeedles(values: Iterable<string>): Needles {
  const plain = [...new Set(values)].map(shorten).filter((value) => value.length >= SHORTEST)
  const heads = plain.flatMap((value) =>
    Array.from(value.matchAll(/[ \t\n\r\f]/g), ({ index }) => value.slice(0, index)),
  )
  let indexes: { raw: Index; exact: Index; folded: Index } | undefined

  function prepare() {
    indexes ??= {
      raw: indexOf(plain),
      exact: indexOf([...plain.filter(isShort), ...plain.flatMap(base64Forms)]),
      folded: indexOf([...plain.filter((value) => !isShort(value)), ...plain.map(hexForm)].map(fold)),
    }
    return indexes
  }

  return {
    longest: 3 * Math.max(0, ...plain.map((value) => Buffer.byteLength(value))) + PREFIX,
    isIn(text) {
      if (plain.length === 0) return false
      const { exact, folded } = prepare()
      return viewsOf(text).some((view) => matches(exact, view).next().value || matches(folded, fold(view)).next().value)
    },
    placesIn: (text) => [...matches(prepare().raw, text)],
    isCutAtSpace: (text) => heads.some((head) => head !== '' && text.endsWith(head)),
  }
}

/** A text as it is and as it reads when character references and percent-encoding, once and twice, are undone. */
export function viewsOf(text: string): string[] {
  const views = [text]
  const plain = decodeReferences(text)
  if (plain !== text) views.push(plain)
  const once = decodePercent(plain)
  if (once !== plain) views.push(once)
  const twice = decodePercent(once)
  if (twice !== once) views.push(twice)
  return views
}

const REFERENCES: Readonly<Record<string, string>> = {
  ...{ amp: '&', colon: ':', sol: '/', bsol: '\\', period: '.', commat: '@', quest: '?', num: '#', equals: '=' },
  ...{ lt: '<', gt: '>', quot: '"', apos: "'", tab: '\t', newline: '\n', lowbar: '_', percnt: '%', plus: '+' },
}

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,7}));?/gi, (all, hexadecimal, decimal, name) => {
    if (name) return REFERENCES[String(name).toLowerCase()] ?? all
    const code = hexadecimal ? Number.parseInt(hexadecimal, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
}

function decodePercent(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

type Index = ReadonlyMap<string, readonly string[]>

function indexOf(needles: readonly string[]): Index {
  const index = new Map<string, string[]>()
  for (const needle of needles) {
    if (needle.length < PREFIX) continue
    const list = index.get(needle.slice(0, PREFIX))
    if (list) list.push(needle)
    else index.set(needle.slice(0, PREFIX), [needle])
  }
  return index
}

function* matches(index: Index, text: string): Generator<{ start: number; end: number }> {
  if (index.size === 0) return
  for (let at = 0; at + PREFIX <= text.length; at++) {
    for (const needle of index.get(text.slice(at, at + PREFIX)) ?? []) {
      if (!text.startsWith(needle, at)) continue
      const end = at + needle.length
      if (isShort(needle) && isWordBoundaryMissing(text, at, end)) continue
      yield { start: at, end }
    }
  }
}

function isWordBoundaryMissing(text: string, start: number, end: number): boolean {
  const isLetter = (at: number) => /[\p{L}\p{N}]/u.test(text.charAt(at))
  return (isLetter(start - 1) && isLetter(start)) || (isLetter(end) && isLetter(end - 1))
}

function isShort(value: string): boolean {
  return value.length < SHORTEST_FOLDED
}

function shorten(value: string): string {
  const middle = value.length >> 1
  return value.length <= LONGEST ? value : value.slice(middle - LONGEST / 4, middle + LONGEST / 4)
}

function fold(text: string): string {
  return text.toLowerCase()
}

function hexForm(value: string): string {
  return Buffer.from(value).toString('hex')
}

/** What base64 makes of a value, wherever in the encoded data it stands: the characters that depend on it alone. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value)
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url')
    const isLastShared = (bytes.length + shift) % 3 !== 0
    const own = encoded.slice(shift === 0 ? 0 : shift + 1, isLastShared ? -1 : undefined)
    return [own, own.replaceAll('-', '+').replaceAll('_', '/')]
  })
}
