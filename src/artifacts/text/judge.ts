// Everything that a text is judged by: its characters, what it hides, and what the detectors of secrets and instructions
// find in it.
import type { Examination } from '../format.ts'
import { judgeCharacters } from './characters.ts'
import { createTextInspector, defaultTextChecks, type TextInspector } from './inspector.ts'
import { exfiltrationLinks, hiddenTexts, isOrder } from './markup.ts'
import * as rules from './rules.ts'

export interface TextPlace {
  /** Where the text begins in its file; findings count from there. */
  readonly offset?: number
  readonly pointer?: string
  /** A person reviews it before a program runs it. */
  readonly isCode?: boolean
  /** What a person does not see when the file is opened, such as the metadata of an image. */
  readonly isHidden?: boolean
}

const windowLength = 64 * 1024
const overlap = 512

let byDefault: TextInspector | undefined

/** Reports what is wrong with a text. */
export function judgeText({ report, options, budget }: Examination, text: string, place: TextPlace = {}): void {
  byDefault ??= createTextInspector(defaultTextChecks)
  const inspect = options.inspectText ?? byDefault
  const base = place.offset ?? 0
  const tell = (found: Parameters<typeof report>[0], from = 0) =>
    report({
      ...found,
      at: {
        ...found.at,
        offset: base + from + (found.at?.offset ?? 0),
        ...(place.pointer === undefined ? {} : { pointer: place.pointer }),
      },
    })
  for (const found of judgeCharacters(text, place.isCode)) tell(found)
  // Code is full of comments for people and of templates; its own reader judges what it does.
  if (place.isCode !== true) {
    for (const found of exfiltrationLinks(text)) tell(found)
    for (const hidden of hiddenTexts(text)) {
      if (isOrder(hidden.text))
        tell({
          rule: rules.hiddenInstructions,
          message: `Text in ${hidden.place} gives orders to a model.`,
          at: { offset: hidden.offset },
          subject: hidden.place,
        })
      else for (const found of inspect(hidden.text, 'hidden')) tell(found, hidden.offset)
    }
  }
  for (let from = 0; from < text.length; from += windowLength - overlap) {
    budget.checkTime()
    const window = text.slice(from, from + windowLength)
    for (const found of inspect(window, place.isHidden === true ? 'hidden' : 'document')) tell(found, from)
    if (from + windowLength >= text.length) break
  }
}
