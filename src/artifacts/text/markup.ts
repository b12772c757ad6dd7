// Text that HTML and Markdown keep from a person's eyes and not from a model's: comments, elements that are styled away,
// descriptions of images; and addresses with a place for what the model knows.
import type { Report } from '../finding.ts'
import { shown } from '../text.ts'
import * as rules from './rules.ts'

export interface HiddenText {
  readonly text: string
  readonly offset: number
  /** `a comment`, `an element of no size`; for the message. */
  readonly place: string
}

const hiddenStyle =
  /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*(?:0|0?\.\d+|1px)(?:\D|$)|opacity\s*:\s*0(?:\.0\d*)?(?:\D|$)|(?:left|top|right|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}|clip(?:-path)?\s*:\s*(?:rect\(\s*0|inset\(\s*(?:50|100)%)|(?:^|[;\s])color\s*:\s*(?:transparent|#fff(?:fff)?(?:00)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)|(?:max-)?(?:height|width)\s*:\s*[01](?:px)?\s*(?:;|$)|transform\s*:\s*scale\(\s*0/i

const maxHidden = 20_000

/** Every stretch that is hidden. Texts without any mark-up cost one search. */
export function hiddenTexts(text: string): HiddenText[] {
  if (!/<|\[|\\(?:color|textcolor|phantom|fontsize)/.test(text)) return []
  const hidden: HiddenText[] = []
  const add = (content: string | undefined, offset: number, place: string) => {
    if (content !== undefined && content.trim().length > 0)
      hidden.push({ text: content.slice(0, maxHidden), offset, place })
  }
  for (let at = text.indexOf('<!--'); at >= 0; at = text.indexOf('<!--', at + 4)) {
    const end = text.indexOf('-->', at + 4)
    add(text.slice(at + 4, end < 0 ? at + 4 + maxHidden : end), at, 'a comment')
    if (end < 0) break
  }
  for (const { 1: style, 2: rest, index } of text.matchAll(
    /(?:^|\s)\[[^\]\n]{0,80}\]:\s*(#|<>)\s*([("'].{1,4000}[)"'])\s*$/gm,
  ))
    if (style !== undefined) add(rest, index, 'a comment')
  for (const { 0: tag, 1: element = '', 2: attributes = '', index } of text.matchAll(elementWithAttributes)) {
    const style = /\bstyle\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(attributes)
    const styled = style?.[1] ?? style?.[2] ?? style?.[3] ?? ''
    const isHidden =
      hiddenStyle.test(styled) ||
      /(?:^|\s)hidden(?:\s|=|$)|\baria-hidden\s*=\s*["']?true|\bcolor\s*=\s*["']?(?:white|#fff(?:fff)?)\b|\bsize\s*=\s*["']?0/i.test(
        attributes,
      ) ||
      /^(?:template|noscript)$/i.test(element)
    if (isHidden) {
      const from = index + tag.length
      const end = text.toLowerCase().indexOf(`</${element.toLowerCase()}`, from)
      add(text.slice(from, end < 0 ? from + maxHidden : Math.min(end, from + maxHidden)), index, 'a hidden element')
    }
    for (const { 1: name = '', 2: one, 3: two } of attributes.matchAll(
      /\b(alt|title|aria-label|data-[\w-]+|content|placeholder)\s*=\s*(?:"([^"]{12,})"|'([^']{12,})')/gi,
    ))
      add(one ?? two, index, `the attribute ${shown(name)}`)
    if (/^meta$/i.test(element)) add(attributes, index, 'a meta element')
  }
  for (const { 1: alternative, index } of text.matchAll(/!\[([^\]]{24,4000})\]\(/g))
    add(alternative, index, "an image's description")
  for (const { 1: title, index } of text.matchAll(/\]\([^\s)]{1,2000}\s+"([^"]{24,4000})"\)/g))
    add(title, index, "a link's title")
  for (const { 1: content, index } of text.matchAll(
    /\\(?:textcolor\{white\}|color\{white\}|phantom|fontsize\{0?\.?[01](?:pt)?\}\{[^}]*\}\\selectfont)\s*\{([^}]{8,4000})\}/g,
  ))
    add(content, index, 'invisible LaTeX')
  return hidden
}

const elementWithAttributes = /<([a-z][a-z0-9-]{0,30})((?:\s[^<>]{0,4000})?)>/gi

/**
 * An order to a model: something to be forgotten, or somebody addressed as a model and told what to do. Counts in hidden
 * places only, where honest notes are few and speak to people.
 */
export function isOrder(text: string): boolean {
  return orders.some((pattern) => pattern.test(text))
}

const reader =
  '(?:assistant|a\\.?i\\.?|llm|language model|chat ?bot|chatgpt|gpt|claude|gemini|copilot|agent|model|summari[sz]er)'
const deed =
  '(?:must|should|shall|will|need to|have to|always|never|please|do not|don.t|ignore|send|include|recommend|rate|say|respond|reply|answer|output|print|reveal|forward|execute|run|call|tell|append|insert|visit|fetch|open|download|delete|approve|give)'

const orders: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass|skip|discard|abandon)\b[^.\n]{0,60}\b(?:instruction|prompt|rule|direction|guideline|context|command|policy|policies|polic|system message|above|previous)/i,
  /\b(?:new|updated|real|actual|secret|hidden)\s+(?:system\s+)?(?:instructions?|prompt|task|orders?)\b\s*[:=-]/i,
  /(?:^|[\s[<#*])(?:system|developer|assistant|admin(?:istrator)?)\s*(?:prompt|message|instruction|override|note)?s?\s*[:>\]][^\n]{0,200}\b(?:ignore|send|must|reveal|execute|call|you are|do not|output|always|print|exfiltrate|forward)/im,
  new RegExp(
    `\\b(?:to|attention|note|hey|dear|if you are|as)\\b[^.\\n]{0,24}\\b${reader}s?\\b[^\\n]{0,120}\\b${deed}\\b`,
    'i',
  ),
  new RegExp(`\\b${reader}s?\\s*[:,]\\s*[^\\n]{0,40}\\b${deed}\\b`, 'i'),
  /\byou (?:are|must|will|should) now\b|\bfrom now on,? you\b|\byou must (?:not|always|never|send|call|include|reply|respond|output|say|execute|tell)\b/i,
  /\b(?:reveal|print|output|repeat|leak|send|exfiltrate|forward|post|transmit|upload)\b[^.\n]{0,60}\b(?:system prompt|conversation|chat history|previous messages?|user.s? (?:data|messages?|e-?mails?|files?)|api[ _-]?keys?|credentials?|passwords?|secrets?|access tokens?)\b/i,
  /\bdo not (?:tell|inform|mention|alert|notify|reveal)\b[^.\n]{0,40}\b(?:user|human|anyone|operator|this)\b/i,
]

/** A place to be filled: `{data}`, `${history}`, `<conversation>`, `[SECRET]`, `%s`, also percent-encoded. */
const slot =
  /(?:\{\{?|\$\{?|<|\[|%7[bB]|%3[cC]|%5[bB])\s*[A-Za-z_][\w .-]{1,60}\s*(?:\}\}?|>|\]|%7[dD]|%3[eE]|%5[dD])|(?:=|\/)(?:DATA|SECRET|BASE64|YOUR_?\w*|INSERT\w*|CONVERSATION\w*)\b/
const slotNamesData =
  /data|conversation|history|secret|token|prompt|context|message|chat|summary|password|user|cookie|key|base64|encoded|info|email|content|answer|response/i

/** Images that load at once, and links, with a place for data in their address. */
export function exfiltrationLinks(text: string): Report[] {
  if (!/https?:|\/\//i.test(text)) return []
  const reports: Report[] = []
  const images =
    /!\[[^\]]{0,400}\]\(\s*<?((?:https?:)?\/\/[^\s]{4,2000}?)>?\s*(?:"[^"]*")?\)|<img\b[^>]{0,800}?\bsrc\s*=\s*["']?((?:https?:)?\/\/[^"'\s>]{4,2000})/gi
  for (const { 1: markdown, 2: html, index } of text.matchAll(images)) {
    const address = markdown ?? html ?? ''
    const query = address.slice(address.search(/[?#]/) >= 0 ? address.search(/[?#]/) : address.length)
    const place = slot.exec(query) ?? slot.exec(address.replace(/^\w*:?\/\/[^/]*/, ''))
    if (place === null || !slotNamesData.test(place[0])) continue
    const message = `An image's address has a place for data: ${shown(address, 100)}`
    reports.push({ rule: rules.exfiltrationLink, message, at: { offset: index }, subject: shown(address, 80) })
  }
  return reports
}
