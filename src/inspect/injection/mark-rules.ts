/** Attacks as phrases and marks: fake role tags, orders to repeat a prompt, claims of authority, images that carry data away. */
import type { MarkRule } from './rule.ts'

const override = { kind: 'instruction_override', group: 'override' } as const
const redirect = { kind: 'instruction_override', group: 'redirect' } as const
const address = { kind: 'instruction_override', group: 'address' } as const
const extract = { kind: 'prompt_extraction', group: 'extract' } as const
const jailbreak = { kind: 'jailbreak' } as const
const fakeRole = { kind: 'fake_role' } as const
const exfiltrate = { kind: 'exfiltration' } as const
const hijack = { kind: 'tool_hijack' } as const

export const MARK_RULES: readonly MarkRule[] = [
  {
    ...fakeRole,
    group: 'tag',
    weight: 4,
    signs: ['<|', '[inst', '[/inst', '<<'],
    pattern: /<\|(?:im_start|im_end|system|user|assistant|end|start_header_id|eot_id)\|>|\[\/?inst\]|<<\/?sys>>/g,
  },
  {
    ...fakeRole,
    group: 'tag',
    weight: 3,
    signs: [
      '<sys',
      '</sys',
      '<imp',
      '</imp',
      '<admin',
      '</admin',
      '<over',
      '</over',
      '[sys',
      '[/sys',
      '[admin',
      '[/admin',
    ],
    pattern:
      /<\/?(?:system|system_prompt|system_message|system mode|sysprompt|important|admin|override)>|\[\/?(?:system|system message|admin)\]/g,
  },
  {
    ...fakeRole,
    group: 'tag',
    weight: 2,
    signs: [
      'system',
      'assistant',
      'developer',
      'admin',
      'administrator',
      '[system',
      '[developer',
      '[assistant',
      '[admin',
    ],
    pattern:
      /(?:^|\n)[ \t#*=-]{0,8}(?:system|assistant|developer|admin(?:istrator)?)(?: (?:message|prompt|note|override|update|instructions?))? ?[:\]]/g,
  },
  {
    ...fakeRole,
    group: 'end',
    weight: 2.5,
    signs: ['end'],
    pattern:
      /[-=#[<*]{1,12} ?end (?:of )?(?:the )?(?:input|user|document|prompt|system|instructions?|context|text|data|query|email)|\bend of (?:user )?(?:input|instructions)\b/g,
  },
  {
    ...redirect,
    weight: 2.5,
    signs: ['new', 'updated', 'real', 'actual', 'revised', 'only', 'true'],
    pattern:
      /\b(?:new|updated|real|actual|revised) (?:instructions?|rules?|task|directives?|orders?|objective|goal|prompt) ?(?::|is to|are to|\n)|\byour (?:new|only|real|actual|true) (?:task|goal|job|instructions?|objective|purpose|rules?)\b/g,
  },
  {
    ...override,
    weight: 4,
    signs: ['everything', 'all'],
    pattern:
      /\b(?:ignore|forget|disregard|discard|override|drop|skip)\b (?:about )?(?:everything|all)(?: (?:of )?(?:that|the|this|things?|text|words?|messages?))* (?:above|before|previous|prior|preceding|earlier|aforementioned|said|written)\b/g,
  },
  {
    ...override,
    weight: 4.5,
    signs: ['told', 'given', 'instructed', 'taught', 'trained', 'programmed', 'learned', 'asked'],
    pattern:
      /\b(?:ignore|forget|discard|skip|drop|bypass|set aside|disregard|override|pay no attention to|do not follow)\b[^.\n]{0,24}\byou(?:'ve| have| were)(?: been)?(?: previously| ever| originally| already)? (?:told|given|instructed|taught|trained|programmed|learned|asked)/g,
  },
  {
    ...redirect,
    weight: 1.5,
    signs: ['updated', 'changed', 'replaced', 'revoked', 'above'],
    pattern:
      /\b(?:rules?|instructions?|policy|policies|guidelines?|prompts?|training|programming|constraints|orders|directions|commands|directives|task) (?:have|has) been (?:updated|changed|replaced|revoked)|\b(?:the|everything) above (?:was|is) (?:just |only )?(?:a test|an example|fake|wrong)\b|\bchanged the task\b/g,
  },
  {
    ...redirect,
    weight: 2,
    signs: ['everything'],
    pattern:
      /\b(?:stop|forget|ignore|drop) everything\b[^\n]{0,40}\b(?:just|only|instead) (?:print|say|output|respond|reply|write|answer)\b/g,
  },
  {
    ...address,
    weight: 2,
    signs: [
      'ai',
      'ais',
      'llm',
      'llms',
      'model',
      'models',
      'assistant',
      'assistants',
      'bot',
      'bots',
      'chatbot',
      'chatbots',
      'agent',
      'agents',
      'chatgpt',
      'gpt',
      'claude',
      'copilot',
    ],
    pattern:
      /\b(?:note|message|attention|important|instructions?|directive) ?[:,]? (?:(?:to|for|the|any|all|this|an|a) ){0,3}(?:ai|llm|language model|assistant|chatbot|model|agent|chatgpt|gpt|claude|copilot|bot)s?\b/g,
  },
  {
    ...address,
    weight: 2,
    signs: ['ai', 'llm', 'copilot', 'chatgpt', 'gpt', 'gpt4', 'gpt-4', 'gpt5', 'gpt-5', 'claude', 'gemini'],
    pattern:
      /(?:^|\n|<!--|\/\/|[#*>]) ?(?:(?:hey|dear|hello|hi|attention) )?(?:ai(?: assistant| agent| model)?|llm|copilot|chatgpt|claude|gemini|gpt-?\d?) ?[,:]/g,
    isForData: true,
  },
  {
    ...address,
    weight: 3,
    signs: ['if'],
    pattern:
      /\bif you (?:are|'re) (?:(?:an|a|the|this) )?(?:ai|llm|language model|assistant|chatbot|bot|automated|gpt|claude)\b/g,
    isForData: true,
  },
  {
    kind: 'instruction_override',
    group: 'order',
    weight: 2,
    signs: ['before'],
    pattern:
      /\bbefore (?:you )?(?:finish|answer|continu|proceed|respond|solv|complet|perform|use|using|call|do anything|can solve)[^\n]{0,60}\b(?:you must|must|please|first|recommend|run|send|read|do the following|call)\b/g,
  },
  {
    ...extract,
    weight: 4,
    signs: [
      'prompt',
      'prompts',
      'message',
      'messages',
      'instruction',
      'instructions',
      'directive',
      'directives',
      'context',
      'systemprompt',
      'system_prompt',
      'system-prompt',
      'pre-prompt',
      'preprompt',
    ],
    pattern:
      /\b(?:reveal|show|print|repeat|output|display|disclose|leak|expose|recite|dump|divulge|tell|give|share|copy|return|spell|list|translate|encode|see|extract)\b[^.\n]{0,30}\b(?:the|your|its|full|entire)\b[^.\n]{0,16}\b(?:system|initial|hidden|original|secret|developer|pre|starting|confidential)[ _-]?(?:prompts?|messages?|instructions?|directives?|context)\b/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['above', 'before', 'preceding', 'beginning', 'start', 'top'],
    pattern:
      /\b(?:reveal|print|repeat|output|display|show|echo|recite|dump|spell|leak|encode|copy)\b[^.\n]{0,20}\b(?:everything|all|text|words|content|lines?|sentences?|messages?|instructions?|conversation)\b[^.\n]{0,20}\b(?:above|preceding|before (?:this|the|my)|(?:at|from) the (?:very )?(?:beginning|start|top))/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['conversation', 'line'],
    pattern:
      /\b(?:everything|words|all|text|what)\b[^.\n]{0,30}\b(?:above this line|before this (?:line|conversation)|prior to this conversation|(?:start|beginning) of (?:this|our) conversation)/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['what'],
    pattern:
      /\bwhat (?:were|was|are|have|did|is) (?:you|your|they)\b[^.?\n]{0,24}\b(?:been )?(?:told|instructed|(?:initial|original|system|exact|first|hidden|secret) (?:instructions?|prompts?|messages?|rules?))\b/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['prompt', 'instructions', 'instructed'],
    pattern:
      /\b(?:start|begin|continue|complete|finish|fill)[^\n]{0,50}\b(?:system prompt (?:is|was)|my (?:\w{1,12} )?instructions (?:are|were)|i was instructed to)/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['configuration', 'prompt', 'pre-prompt', 'preprompt', 'initialization', 'initialisation'],
    pattern:
      /\b(?:reveal|show|print|repeat|output|display|disclose|leak|recite|dump|tell|give|copy|spell|encode|translate|what (?:is|are))\b[^.\n]{0,12}\byour (?:(?:full|exact|current|entire|complete) )?(?:configuration(?! file)|pre-?prompt|system configuration|initiali[sz]ation|prompt\b)/g,
  },
  {
    ...extract,
    weight: 4,
    signs: ['systemprompt', 'system_prompt', 'with'],
    pattern:
      /\b(?:console\.log|print|echo|return|output|puts)\b[^\n]{0,12}system_?prompt|(?:beginning|starting|starts|begins) with ["'](?:you are|system)/g,
  },
  {
    ...jailbreak,
    group: 'claim',
    weight: 4,
    signs: ['your', 'admin', 'administrator', 'developer', 'creator', 'owner', 'operator'],
    pattern:
      /\b(?:i am|i'm|this is) your (?:developer|creator|admin\w{0,9}|programmer|owner|master|maker|engineer)\b|\bas (?:the|your|an) (?:admin\w{0,9}|developer|creator|owner|operator),? i (?:hereby )?(?:authori[sz]e|order|command|instruct|grant|permit|require)\b/g,
  },
  {
    ...jailbreak,
    group: 'claim',
    weight: 2.5,
    signs: ['message'],
    pattern:
      /\bmessage from (?:the |your )?(?:system )?(?:admin\w{0,9}|developers?|openai|anthropic|creators?|operators?|it department|security team)\b/g,
  },
  {
    ...jailbreak,
    group: 'claim',
    weight: 2,
    signs: ['override'],
    pattern: /\b(?:admin\w{0,9}|developer|system|emergency|security|root|authority) override\b/g,
  },
  {
    ...jailbreak,
    group: 'norules',
    weight: 2.5,
    signs: ['disabled', 'off', 'removed', 'lifted', 'bypassed', 'deactivated', 'suspended'],
    pattern:
      /\b(?:filters?|safety|safeguards?|restrictions?|ethics|guardrails?|limitations?|censorship|content polic(?:y|ies))\b[^.\n]{0,12}\b(?:disabled|off|removed|lifted|bypassed|deactivated|suspended)\b/g,
  },
  {
    ...jailbreak,
    group: 'norules',
    weight: 3,
    signs: ['openai', "openai's", 'openais', 'anthropic', "anthropic's", 'google', "google's", 'content'],
    pattern:
      /\b(?:no longer|not|without|never|ignor\w{1,4}|regardless of|unlike|bypass\w{0,4}|free (?:of|from)|against|violat\w{1,4}|break\w{0,4})\b[^.\n]{0,50}\b(?:openai|anthropic|google|content polic(?:y|ies))\b/g,
  },
  {
    ...jailbreak,
    group: 'prefix',
    weight: 2,
    signs: ['with'],
    pattern:
      /\b(?:start|begin|starting|beginning|starts|begins|prefix)\b[^.\n]{0,40}\bwith:? ["'](?:sure|absolutely|certainly|of course|yes|yo\b|hell|yessir|i'm free|here (?:is|are)|okay|ok\b)/g,
  },
  {
    ...jailbreak,
    group: 'notgpt',
    weight: 3,
    signs: ['chatgpt', 'gpt', 'ai', 'language', 'claude', 'assistant'],
    pattern:
      /\b(?:not|no longer|never|instead of) (?:[\w']{1,12} ){0,8}(?:as|are) (?:chatgpt|gpt|an ai|a language model|claude|the assistant)\b/g,
  },
  {
    ...jailbreak,
    group: 'liberty',
    weight: 2,
    signs: ['break', 'breaking', 'broke', 'broken', 'freed', 'liberated', 'unbound', 'unshackled', 'confines'],
    pattern:
      /\b(?:broken?|break(?:ing)?) (?:free|out)\b[^.\n]{0,60}\b(?:ai|confines|rules|restrictions|constraints)|\btypical confines\b|\b(?:hereby|been|now) (?:freed|liberated|unbound|unshackled)\b/g,
  },
  {
    ...jailbreak,
    group: 'refusal',
    weight: 1.5,
    signs: [
      'sorry',
      'cannot',
      "can't",
      'ai',
      'unable',
      'disclaimer',
      'disclaimers',
      'warning',
      'warnings',
      'refuse',
      'refusing',
      'moralize',
      'moralizing',
      'apologize',
      'apologise',
    ],
    pattern:
      /\b(?:never|not|don't|without|no|avoid) (?:\w{1,12} ){0,4}(?:sorry|"?i can(?:not|'t)|as an ai|unable to|disclaimers?|warnings?|refuse|refusing|moraliz\w{1,4}|apologi\w{1,4})/g,
  },
  {
    ...jailbreak,
    group: 'dan',
    weight: 2.5,
    signs: ['jailbroken', 'jailbreak'],
    pattern: /\bjailbroken\b|\bjailbreak (?:prompt|mode|yourself|version)\b/g,
  },
  {
    ...exfiltrate,
    group: 'image',
    weight: 2.5,
    signs: [']('],
    pattern: /!\[[^\]\n]{0,80}\]\([ <]?https?:\/\/[^\s)]{1,300}/g,
    accept: /[?&=/][^?&=/]{0,40}[{[<$]|%7b|summary|data=|secret|base64|[?&]\w{0,20}=$/,
  },
  {
    ...exfiltrate,
    group: 'append',
    weight: 1.5,
    signs: ['append', 'include', 'add', 'render', 'embed', 'insert'],
    pattern:
      /\b(?:append|include|add|render|embed|insert)\b[^\n]{0,120}\b(?:to|in|at the end of|into) (?:your|every|each|all) (?:answer|response|reply|summary|output|message)/g,
    isForData: true,
  },
  {
    ...exfiltrate,
    group: 'exfiltrate',
    weight: 2,
    signs: ['send', 'post', 'upload', 'forward', 'submit', 'transmit', 'email'],
    pattern:
      /\b(?:send|post|upload|forward|submit|transmit|email)\b[^.\n]{0,60}\bto (?:https?:\/\/|www\.|[\w.+-]{1,40}@)/g,
    isForData: true,
  },
  {
    ...hijack,
    group: 'shell',
    weight: 2.5,
    signs: ['curl', 'wget'],
    pattern: /\b(?:curl|wget)\b[^\n|]{1,80}\| ?(?:sudo )?(?:ba|z)?sh\b/g,
    isForData: true,
  },
  {
    ...hijack,
    group: 'path',
    weight: 1.5,
    signs: ['~/.', '/etc/', 'id_rsa'],
    pattern: /~\/\.(?:ssh|aws|config|cursor|npmrc|netrc|env)|\/etc\/(?:passwd|shadow)|\bid_rsa\b/g,
    isForData: true,
  },
]
