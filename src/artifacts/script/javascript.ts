// What a program in JavaScript, Ruby, Perl, PHP or Windows' script hosts would do.
import type { Severity } from '../rule.ts'
import type { Deed } from './shell.ts'

const deeds: readonly (readonly [Severity, string, RegExp])[] = [
  [
    'medium',
    'runs programs',
    /require\s*\(\s*['"](?:node:)?child_process['"]\s*\)|from\s+['"](?:node:)?child_process['"]|\bDeno\.(?:Command|run)\b|\bBun\.spawn/,
  ],
  ['high', 'runs programs', /(?:WScript\.Shell|Shell\.Application|ActiveXObject|CreateObject\s*\(\s*["']W?Script)/i],
  [
    'high',
    'runs code that it decodes',
    /\beval\s*\(\s*(?:atob|unescape|decodeURIComponent|Buffer\.from|base64_decode|gzinflate|str_rot13|unpack)|new\s+Function\s*\(\s*(?:atob|Buffer)/i,
  ],
  [
    'high',
    'runs programs',
    /<\?php[\s\S]{0,100000}?\b(?:shell_exec|passthru|proc_open|system|exec|assert)\s*\(\s*\$_(?:GET|POST|REQUEST|COOKIE)/i,
  ],
  [
    'medium',
    'runs programs',
    /\b(?:shell_exec|proc_open|IO\.popen|Open3\.\w+|Kernel\.system|os\.execute|io\.popen)\s*\(/,
  ],
]

export function judgeJavaScript(text: string): Deed | undefined {
  for (const [severity, what, pattern] of deeds) if (pattern.test(text)) return { severity, what }
  return undefined
}
