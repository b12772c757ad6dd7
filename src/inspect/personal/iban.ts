/** International bank account numbers: ISO 13616 structure, mod-97 check of ISO/IEC 7064, lengths of the SWIFT registry. */

import { ALNUM, DIGIT, isIn, LETTER, startsWord } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'

/** `start` is where two letters stand before a digit. Grouped by single spaces or hyphens, or not at all; in either case. */
export function ibanAt(window: Window, start: number, found: Collector): void {
  const { text, final } = window
  if (!isIn(text.charCodeAt(start), LETTER) || !startsWord(text, start)) return
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined) return
  let compact = ''
  let index = start
  while (compact.length < length && index < text.length) {
    const code = text.charCodeAt(index)
    if (isIn(code, ALNUM)) {
      if ((compact.length === 2 || compact.length === 3) && !isIn(code, DIGIT)) return
      compact += text[index]
    } else if ((code !== 0x20 && code !== 0x2d) || !isIn(text.charCodeAt(index - 1), ALNUM) || compact.length < 4)
      return
    index++
  }
  if (index === text.length && !final) {
    hold(found, start)
    return
  }
  if (compact.length < length || isIn(text.charCodeAt(index), ALNUM)) return
  if (mod97(compact.toUpperCase()) === 1) report(found, 'iban', start, index, 0.98)
}

function mod97(iban: string): number {
  let remainder = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const code = char.charCodeAt(0)
    const value = code < 0x41 ? code - 0x30 : code - 0x37
    remainder = (value < 10 ? remainder * 10 + value : remainder * 100 + value) % 97
  }
  return remainder
}

const LENGTHS = new Map<string, number>(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ' +
    // Not in the registry, but issued in the same form.
    'AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 TG28'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
