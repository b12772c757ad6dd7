// What a command line would do, for shells of Unix and Windows: by what it calls, not how it is quoted.
import type { Severity } from '../rule.ts'

export interface Deed {
  readonly severity: Severity
  /** Completes "the command …". */
  readonly what: string
}

const deeds: readonly (readonly [Severity, string, RegExp])[] = [
  [
    'critical',
    'runs what it downloads',
    /\b(?:curl|wget|fetch|iwr|irm|invoke-webrequest|invoke-restmethod|lwp-download)\b[^\n]{0,400}(?:\|\s*(?:sudo\s+)?(?:\S*\/)?(?:ba|z|k|da|c|fi)?sh\b|\|\s*(?:sudo\s+)?(?:python|perl|ruby|node|php|pwsh|iex|powershell)|&&\s*(?:chmod|(?:ba)?sh|\.\/|python|source)|;\s*(?:chmod|(?:ba)?sh|\.\/|python))/i,
  ],
  [
    'critical',
    'runs what it downloads',
    /(?:\b(?:ba|z|da)?sh|eval|source|\.|python3?|perl|node)\s+(?:-c\s+)?["']?(?:<\(|\$\(|`)\s*(?:curl|wget)\b/i,
  ],
  [
    'critical',
    'runs what it downloads',
    /\b(?:iex|invoke-expression)\b|downloadstring\s*\(|downloadfile\s*\(|\bmshta\b\s+\S*https?:|regsvr32\b[^\n]*\/i:http|certutil\b[^\n]*-urlcache|bitsadmin\b[^\n]*\/transfer/i,
  ],
  [
    'critical',
    'opens a shell to another host',
    /\/dev\/(?:tcp|udp)\/|\bn(?:c|cat|etcat)\b[^\n]{0,80}\s-[a-z]*[ec]\b|\bsocat\b[^\n]*exec|\bmkfifo\b[^\n]*\bn(?:c|cat)\b|bash\s+-i\s*>&/i,
  ],
  [
    'critical',
    'runs code that is encoded',
    /base64\s+(?:-d|-D|--decode)[^\n]{0,80}\|\s*(?:\S*\/)?(?:\w*sh|python\d?|perl|node)\b|powershell[^\n]*\s-e(?:nc|ncodedcommand|c)?\s+[A-Za-z0-9+/=]{16,}|xxd\s+-r[^\n]*\|\s*\w*sh\b|frombase64string/i,
  ],
  [
    'high',
    'changes what is started with the machine or who may enter it',
    /(?:>>?|tee(?:\s+-a)?|cp|mv|install|ln)\s[^\n]{0,200}(?:authorized_keys|\.bashrc|\.zshrc|\.profile|\.bash_profile|\/etc\/(?:cron|passwd|shadow|sudoers|ld\.so|profile|rc\.local|systemd)|autostart|crontabs)|\bcrontab\s+-?\S|\bschtasks\b[^\n]*\/create|reg\s+add\b[^\n]*\\run|systemctl\s+enable|launchctl\s+load/i,
  ],
  [
    'high',
    'sends files or variables away',
    /\b(?:curl|wget)\b[^\n]{0,300}(?:--data(?:-binary|-raw|-urlencode)?[= ]|-d\s|-F\s|-T\s|--upload-file|--post-(?:data|file))[^\n]{0,300}(?:@|\$\(|`|\$\{?[A-Z_]+|env\b)|\b(?:env|printenv|cat\s+\S*(?:id_rsa|credentials|\.env|passwd|token))\b[^\n]{0,80}\|\s*(?:curl|nc|wget|ncat)/i,
  ],
  [
    'high',
    'deletes or overwrites the disk',
    /\brm\s+-[a-z]*r[a-z]*f?[a-z]*\s+(?:--no-preserve-root\s+)?(?:\/(?:\s|\*|$)|~|\$HOME|\/(?:home|etc|usr|var)\b)|\bdd\b[^\n]*of=\/dev\/|\bmkfs\b|:\(\)\s*\{\s*:\|:&\s*\}|format\s+[a-z]:|del\s+\/[sfq][^\n]*\\/i,
  ],
  [
    'high',
    'runs code on one line',
    /\b(?:python\d?(?:\.\d+)?|perl|ruby|node|php)\s+-[ceEr]\s*["'][^\n]{0,2000}(?:exec|eval|system|socket|subprocess|urlopen|base64|child_process|__import__)/i,
  ],
  ['high', 'lets a program be loaded into others', /\bLD_PRELOAD=|\bDYLD_INSERT_LIBRARIES=|\bPYTHONSTARTUP=/],
  [
    'medium',
    'installs from another index or an address',
    /\bpip\d?\s+(?:install|download)\b[^\n]*(?:--(?:extra-)?index-url|-i\s+http|--trusted-host|git\+|https?:)|\bnpm\s+(?:i|install)\b[^\n]*(?:--registry|https?:|git\+)/i,
  ],
]

/** The gravest thing that a script does; undefined when nothing of the kind is seen. */
export function judgeShell(text: string): Deed | undefined {
  const plain = unquoted(text)
  for (const [severity, what, pattern] of deeds)
    if (pattern.test(plain) || pattern.test(text)) return { severity, what }
  return undefined
}

/** As the shell would see it: joined lines, and words without the quotes, carets and escapes inside of them. */
function unquoted(text: string): string {
  return text
    .replace(/[\\^`]\r?\n/g, ' ')
    .replace(/(?<=\w)(?:''|""|\\|\^|`|\$@|\$\{?IFS\}?)(?=\w)/g, (sign) => (sign.includes('IFS') ? ' ' : ''))
    .replace(/\$\{?IFS\}?(?:\$\d)?/g, ' ')
}
