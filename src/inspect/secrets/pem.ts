/** Private keys in PEM and its relatives (RFC 7468, RFC 1421 headers, OpenPGP and OpenSSH armour). */

import { BASE64, isIn, SPACE } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'

const BEGIN = '-----BEGIN '
const LABEL = /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
const END = /^-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
const MAX_LABEL = 70
const MIN_BODY = 40
/** A line of the body is at least this long, save for the last. */
const FULL_WORD = 16
const MAX_GAP = 24

export function findPrivateKeys(window: Window, found: Collector): void {
  const { text, from, final } = window
  for (let start = text.indexOf(BEGIN, from); start !== -1; start = text.indexOf(BEGIN, start + 1)) {
    const label = text.slice(start + BEGIN.length, start + BEGIN.length + MAX_LABEL)
    const match = LABEL.exec(label)
    if (match === null) {
      if (!final && label.length < MAX_LABEL && /^[A-Z0-9 -]*$/.test(label)) {
        hold(found, start)
        return
      }
      continue
    }
    const block = readBlock(text, start + BEGIN.length + match[0].length)
    if (block.isOpen && !final) {
      hold(found, start)
      return
    }
    if (block.bodyLength >= MIN_BODY) report(found, 'private_key', start, block.end, 0.99)
  }
  if (!final) holdBegin(text, from, found)
}

interface Block {
  readonly end: number
  /** Base64 characters in the body. */
  readonly bodyLength: number
  /** The text ended inside the block. */
  readonly isOpen: boolean
}

/**
 * Reads words of base64 with anything short between them, so that keys quoted in source code, in JSON with literal \n,
 * indented or on one line are read as well, up to the END line or to where it is base64 no more.
 */
function readBlock(text: string, start: number): Block {
  let index = start
  let end = start
  let bodyLength = 0
  let isLastWord = false
  for (;;) {
    const gap = gapEnd(text, index)
    if (gap === text.length) return { end, bodyLength, isOpen: gap - index <= MAX_GAP }
    if (text[gap] === '-') {
      const tail = text.slice(gap, gap + MAX_LABEL)
      const closing = END.exec(tail)
      if (closing !== null) return { end: gap + closing[0].length, bodyLength, isOpen: false }
      return {
        end,
        bodyLength,
        isOpen: gap + tail.length === text.length && tail.length < MAX_LABEL && MAYBE_END.test(tail),
      }
    }
    if (gap - index > MAX_GAP) return { end, bodyLength, isOpen: false }
    const stop = wordEnd(text, gap)
    if (stop === text.length)
      return {
        end: isLastWord ? end : stop,
        bodyLength: bodyLength + (isLastWord ? 0 : stop - gap),
        isOpen: !isLastWord,
      }
    const headerStop = bodyLength === 0 ? headerEnd(text, gap) : undefined
    if (headerStop === 'open') return { end, bodyLength, isOpen: true }
    if (headerStop !== undefined) {
      index = headerStop
      continue
    }
    if (stop === gap || isLastWord) return { end, bodyLength, isOpen: false }
    isLastWord = stop - gap < FULL_WORD
    bodyLength += stop - gap
    end = stop
    index = stop
  }
}

const MAYBE_END = /^(?:-{1,4}|-----(?:E|EN|END|END [A-Z0-9 ]{0,60}-{0,5})?)$/

/** End of white space, quotes and other punctuation, with the letters of escapes such as \n. */
function gapEnd(text: string, start: number): number {
  let index = start
  while (index < text.length) {
    const code = text.charCodeAt(index)
    if (code === 0x5c && /[nrt]/.test(text[index + 1] ?? '')) index += 2
    else if (code === 0x2b && isIn(text.charCodeAt(index + 1), SPACE))
      index++ // joins quoted lines in source code
    else if (code >= 0x80 || isIn(code, BASE64) || code === 0x2d) break
    else index++
  }
  return index
}

function wordEnd(text: string, start: number): number {
  let index = start
  while (index < text.length && isIn(text.charCodeAt(index), BASE64)) index++
  return index
}

/** End of a header line such as 'Proc-Type: 4,ENCRYPTED', before the body. */
function headerEnd(text: string, start: number): number | 'open' | undefined {
  const line = text.slice(start, start + 120)
  const header = /^[A-Za-z][A-Za-z-]{1,20}: [^\n\\]{0,90}(?=\n|\\n)/.exec(line)
  if (header !== null) return start + header[0].length
  return start + line.length === text.length &&
    line.length < 120 &&
    /^[A-Za-z][A-Za-z-]{0,20}(?:: ?[^\n]*)?$/.test(line)
    ? 'open'
    : undefined
}

function holdBegin(text: string, from: number, found: Collector): void {
  for (let length = Math.min(BEGIN.length - 1, text.length - from); length > 0; length--) {
    if (text.endsWith(BEGIN.slice(0, length))) {
      hold(found, text.length - length)
      return
    }
  }
}
