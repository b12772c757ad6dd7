/** Entities as they are written in Cedar: `Holdfast::Model::"gpt-4o"`. */
import type { EntityUidJson } from './json.ts'
import { entityUid } from './values.ts'

const SHAPE = /^([A-Za-z_][A-Za-z0-9_:]*)::"((?:[^"\\]|\\.)*)"$/su
const ESCAPE = /\\(?:u\{([0-9A-Fa-f]{1,6})\}|x([0-7][0-9A-Fa-f])|(.))/gsu
const PLAIN_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** An entity from its Cedar text, with Cedar's escapes in the id; undefined when it is none. */
export function parseUid(text: string): EntityUidJson | undefined {
  const [, type = '', quoted = ''] = SHAPE.exec(text) ?? []
  let isSound = entityUid(type, '') !== undefined
  const id = quoted.replace(ESCAPE, (_escape, unicode?: string, byte?: string, plain?: string) => {
    const code = Number.parseInt(unicode ?? byte ?? '', 16)
    const character = plain === undefined ? characterOf(code) : PLAIN_ESCAPES[plain]
    if (character === undefined) isSound = false
    return character ?? ''
  })
  return isSound ? { type, id } : undefined
}

/** The Cedar text of an entity, on one line. */
export function formatUid({ type, id }: EntityUidJson): string {
  const quoted = id.replace(/["\\\p{Cc}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '"' || character === '\\' ? `\\${character}` : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
  return `${type}::"${quoted}"`
}

function characterOf(code: number): string | undefined {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined
}
