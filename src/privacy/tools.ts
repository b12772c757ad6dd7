// Which tools reach the outside world. What such a tool is given leaves the house, so its arguments are restored only
// under a stricter rule.

export interface ToolPatterns {
  /** Globs (`*`, `?`, letters in either case) over names of tools that reach outside, whatever they are called. */
  readonly outward: readonly string[]
  /** Globs over names of tools that do not. */
  readonly inward: readonly string[]
}

// That a harmless tool is taken for an outward one costs a line in the configuration; the other mistake costs the
// values. So these lists are long, and tools that run commands, and could run any, are on them.
const WORDS = new Set([
  ...[
    'web',
    'url',
    'uri',
    'send',
    'post',
    'sms',
    'mms',
    'fax',
    'ftp',
    'ssh',
    'scp',
    'dns',
    'rss',
    'rpc',
    'surf',
    'gist',
  ],
  ...['visit', 'goto', 'push', 'reply', 'teams', 'call', 'dial', 'ping', 'sync', 'rest', 'bash', 'exec', 'x', 'bing'],
])
const PARTS = [
  ...['http', 'curl', 'wget', 'fetch', 'browse', 'website', 'webpage', 'internet', 'request', 'download', 'upload'],
  ...['crawl', 'scrape', 'navigate', 'search', 'google', 'duckduckgo', 'publish', 'submit', 'forward', 'share'],
  ...['notify', 'notification', 'broadcast', 'invite', 'comment', 'webhook', 'callback', 'mail', 'outlook', 'smtp'],
  ...['message', 'messenger', 'slack', 'discord', 'telegram', 'whatsapp', 'twilio', 'zapier', 'tweet', 'twitter'],
  ...['mastodon', 'bluesky', 'linkedin', 'facebook', 'instagram', 'reddit', 'pastebin', 'rsync', 'socket', 'export'],
  ...['graphql', 'external', 'whois', 'shell', 'terminal'],
]
const DESCRIPTION =
  /\b(?:https?|urls?|uris?|web|internet|websites?|web ?pages?|webhooks?|e-?mails?|sms|slack|tweets?|publicly|external(?:ly)?|third[- ]part(?:y|ies))\b/i
const DESCRIPTION_LENGTH = 4_096

/**
 * Whether a tool reaches the outside world: by policy, else by its name, else by what it says of itself. A tool that
 * policy lists both ways reaches outside.
 */
export function isOutwardTool(name: string, description: string | undefined, patterns: ToolPatterns): boolean {
  if (patterns.outward.some((glob) => matchesGlob(glob, name))) return true
  if (patterns.inward.some((glob) => matchesGlob(glob, name))) return false
  return (
    soundsOutward(name) || (description !== undefined && DESCRIPTION.test(description.slice(0, DESCRIPTION_LENGTH)))
  )
}

function soundsOutward(name: string): boolean {
  const lower = name.toLowerCase()
  if (PARTS.some((part) => lower.includes(part))) return true
  // `sendEmail`, `send_email` and `HTTPSend` in words.
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []
  return words.some((word) => {
    const singular = word.toLowerCase()
    return WORDS.has(singular) || WORDS.has(singular.replace(/s$/, '')) || WORDS.has(singular.replace(/ing$/, ''))
  })
}

/** Glob matching that goes back to the last `*` only, so its time is at most the product of the two lengths. */
function matchesGlob(glob: string, name: string): boolean {
  const pattern = glob.toLowerCase()
  const text = name.toLowerCase()
  let at = 0
  let star = -1
  let resume = 0
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      resume = index
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
