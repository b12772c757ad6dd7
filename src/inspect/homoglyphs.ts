/**
 * Look-alike letters inside Latin words (UTS #39 confusables, the part that people use to hide words).
 *
 * A run of Cyrillic, Greek or Armenian letters is folded when each of them has a Latin twin and the run touches a Latin
 * letter, digit or underscore. Words wholly in those scripts stay as they are.
 */
import { ALNUM, isIn } from './characters.ts'

/** Longest run that is folded; a real word in another script next to a Latin letter may be longer. */
const MAX_RUN = 32

/**
 * Folds one for one, so offsets stay.
 *
 * @param before the normalised character before the text, '' when there is none
 */
export function foldHomoglyphs(text: string, before: string): string {
  if (!CANDIDATE.test(text)) return text
  let result = ''
  let kept = 0
  let index = 0
  while (index < text.length) {
    if (!TWINS.has(text.charCodeAt(index))) {
      index++
      continue
    }
    let end = index + 1
    while (end < text.length && TWINS.has(text.charCodeAt(end))) end++
    const previous = index === 0 ? before.charCodeAt(0) : text.charCodeAt(index - 1)
    if (end - index <= MAX_RUN && (isLatin(previous) || isLatin(text.charCodeAt(end)))) {
      result += text.slice(kept, index)
      for (let at = index; at < end; at++) result += TWINS.get(text.charCodeAt(at)) ?? ''
      kept = end
    }
    index = end
  }
  return result + text.slice(kept)
}

/** Start of a run at the end of the text whose fate depends on what follows; the text's length when there is none. */
export function openRunStart(text: string): number {
  let start = text.length
  while (start > 0 && text.length - start <= MAX_RUN && TWINS.has(text.charCodeAt(start - 1))) start--
  return text.length - start <= MAX_RUN ? start : text.length
}

function isLatin(code: number): boolean {
  return isIn(code, ALNUM) || code === 0x5f
}

const CANDIDATE = /[\u0370-\u058f]/

const TWINS = new Map<number, string>(
  [
    ...'аa еe оo рp сc уy хx іi јj ѕs ԁd һh ԛq ԝw кk тt мm пn гr вb'.split(' '),
    ...'АA ВB ЕE КK МM НH ОO РP СC ТT ХX УY ІI ЈJ ЅS ԚQ ԜW Ԁd ҺH ӀI ӏl'.split(' '),
    ...'αa εe ιi κk νv οo ρp τt υu χx γy ηn ωw βb ϲc ϳj'.split(' '),
    ...'ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC ͿJ'.split(' '),
    ...'օo սu հh յj ցg ոn զq աw ՕO ՍU ՏS'.split(' '),
  ].map((pair) => [pair.charCodeAt(0), pair.slice(1)]),
)
