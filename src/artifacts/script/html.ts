// What a page runs or loads when it is opened.
import type { Severity } from '../rule.ts'
import type { Deed } from './shell.ts'

const deeds: readonly (readonly [Severity, string, RegExp])[] = [
  [
    'high',
    'runs code that it takes apart or decodes',
    /<script\b[^>]*>[^<]{0,100000}?(?:\beval\s*\(|\batob\s*\(|new\s+Function\s*\(|document\.write\s*\(\s*unescape|String\.fromCharCode\s*\((?:\s*\d+\s*,){8})/i,
  ],
  [
    'high',
    'sends what the page knows away',
    /<script\b[^>]*>[^<]{0,100000}?(?:document\.cookie|localStorage|sessionStorage)[^<]{0,2000}?(?:fetch\s*\(|XMLHttpRequest|sendBeacon|\.src\s*=)|(?:fetch\s*\(|sendBeacon\s*\(|\.src\s*=)[^<]{0,400}(?:document\.cookie|localStorage)/i,
  ],
  [
    'high',
    'runs commands of a notebook',
    /Jupyter\.notebook\.kernel\.execute|IPython\.notebook\.kernel\.execute|kernel\.execute\s*\(|requestExecute/,
  ],
  [
    'medium',
    'runs code when something fails to load',
    /<\w+[^>]{0,2000}\son(?:error|load|focus|mouseover|toggle|begin|animationstart)\s*=\s*["']?[^"'>\s]*\(/i,
  ],
  [
    'medium',
    'leads to code in an address',
    /(?:href|src|action)\s*=\s*["']?\s*(?:javascript|vbscript|data:text\/html)\s*:?/i,
  ],
]

export function judgeHtml(text: string): Deed | undefined {
  for (const [severity, what, pattern] of deeds) if (pattern.test(text)) return { severity, what }
  return undefined
}
