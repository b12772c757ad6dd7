// Which tools reach the outside world. What such a tool is given leaves the house, so its arguments are restored only
// under a stricter rule.

export interface ToolPatterns {
  /** Globs (`*`, `?`, letters in either case) over names of tools that reach outside, whatever they are called. */
  readonly outward: readonly string[]
  /** Globs over names of tools that do not. */
  readonly inward: readonly string[]
}

// That a harmless tool is taken for an outward one costs a line in the configuration; the other mistake costs the
// values. So these lists are long, and tools that run commands, and could run any, are on them. Each word counts alone.
const WORDS = new Set(
  [
    // the network
    'web url uri ftp scp dns rss rpc http net curl wget tcp udp connect',
    'visit goto surf ping proxy remote relay tunnel sync host endpoint upstream bing',
    // delivery
    'send post push reply sms mms fax dial teams deliver delivery dispatch transmit emit email dm',
    // running code, which can do all of this
    'run exec execute executor eval evaluate bash sh zsh cmd command powershell console ssh python javascript',
    'js script repl notebook jupyter interpreter subprocess invoke container docker kubectl computer',
    // storage elsewhere
    's3 gcs blob bucket dropbox onedrive sharepoint cdn',
    // trackers and forges
    'gist git github gitlab bitbucket jira linear trello asana notion confluence',
    'zendesk hubspot salesforce',
    // observation
    'telemetry beacon analytics sentry datadog',
    // payments
    'pay payment payout refund transfer stripe paypal',
    // what renders can fetch
    'render embed img markdown html iframe screenshot widget',
    // sending, in other languages
    'enviar envia envio correo mensaje mandar llamar publicar compartir subir descargar',
    'senden sende versenden schicken verschicken nachricht anrufen hochladen herunterladen teilen',
    'envoyer envoi envoie courriel courrier poster publier partager appeler telecharger',
  ]
    .join(' ')
    .split(' '),
)
const PARTS = [
  ...['http', 'curl', 'wget', 'fetch', 'browse', 'website', 'webpage', 'internet', 'request', 'download', 'upload'],
  ...['crawl', 'scrape', 'navigate', 'search', 'google', 'duckduckgo', 'publish', 'submit', 'forward', 'share'],
  ...['notify', 'notification', 'broadcast', 'invite', 'comment', 'webhook', 'callback', 'mail', 'outlook', 'smtp'],
  ...['message', 'messenger', 'slack', 'discord', 'telegram', 'whatsapp', 'twilio', 'zapier', 'tweet', 'twitter'],
  ...['mastodon', 'bluesky', 'linkedin', 'facebook', 'instagram', 'reddit', 'pastebin', 'rsync', 'socket', 'export'],
  ...['graphql', 'external', 'whois', 'shell', 'terminal', 'execute', 'interpreter', 'sandbox', 'python', 'telemetry'],
  ...['github', 'gitlab', 'bitbucket', 'dropbox', 'onedrive', 'sharepoint', 'payment', 'correo', 'nachricht'],
  ...['courriel'],
]
const DESCRIPTION =
  /\b(?:https?|urls?|uris?|web|internet|websites?|web ?pages?|webhooks?|sends?|posts? to|publish\w{0,3}|uploads?|publicly|external(?:ly)?|third[- ]part(?:y|ies))\b/i
// Names of parameters that say where something goes, with a prefix (`callback_url`, `hostName`) or without. An e-mail
// address is none of them: most tools that take one look somebody up.
const PARAMETER =
  /"format"\s{0,8}:\s{0,8}"(?:uri|iri|url|hostname|idn-hostname|ipv[46])|"(?:[\w-]{0,32}[_-])?(?:ur[il]s?|href|hosts?|hostname|endpoint|webhook|callback|recipients?|cc|bcc)"\s{0,8}:|"\w{0,32}(?:Ur[il]|URL|Host|Endpoint|Webhook|Recipients?)"\s{0,8}:/
const DEFINITION_LENGTH = 16_384

/**
 * Whether a tool reaches the outside world: by policy, else by its name, else by what its definition says. One that
 * policy lists both ways does, and so does one without a name.
 *
 * @param definition what the request declares of the tool, as JSON or as prose, of which 16 KiB are looked at;
 *   undefined for a tool that it does not declare, which hardly any client would call
 */
export function isOutwardTool(name: string, definition: string | undefined, patterns: ToolPatterns): boolean {
  if (patterns.outward.some((glob) => matchesGlob(glob, name))) return true
  if (name === '') return true
  if (patterns.inward.some((glob) => matchesGlob(glob, name))) return false
  if (definition === undefined) return soundsOutward(name)
  if (definition.length > DEFINITION_LENGTH) return true
  return soundsOutward(name) || DESCRIPTION.test(definition) || PARAMETER.test(definition)
}

function soundsOutward(name: string): boolean {
  const lower = name.toLowerCase()
  if (PARTS.some((part) => lower.includes(part))) return true
  // `sendEmail`, `send_email` and `HTTPSend` in words.
  const words = name.match(/(?:[A-Z]+(?![a-z])|[A-Z]?[a-z]+)\d*/g) ?? []
  return words.some((each) => {
    const word = each.toLowerCase()
    const singular = word.replace(/\d+$/, '')
    return [word, singular, singular.replace(/s$/, ''), singular.replace(/ing$/, '')].some((form) => WORDS.has(form))
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
