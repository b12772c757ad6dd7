/** Attacks as concepts that stand close together, in any of the lexicon's languages. */
import type { ConceptRule } from './rule.ts'

const override = { kind: 'instruction_override', group: 'override' } as const
const redirect = { kind: 'instruction_override', group: 'redirect' } as const
const address = { kind: 'instruction_override', group: 'address' } as const
const extract = { kind: 'prompt_extraction', group: 'extract' } as const
const jailbreak = { kind: 'jailbreak' } as const
const exfiltrate = { kind: 'exfiltration' } as const
const hijack = { kind: 'tool_hijack' } as const

export const CONCEPT_RULES: readonly ConceptRule[] = [
  { ...override, weight: 5, concepts: ['ignore', 'prior', 'instruction'], within: [70] },
  { ...override, weight: 4.5, concepts: ['ignore', ['every', 'you'], 'instruction'], within: [50] },
  { ...override, weight: 2.5, concepts: ['ignore', 'instruction'], within: [40] },
  { ...override, weight: 4, concepts: ['ignore', ['prior', 'you'], 'rule'], within: [40, 50] },
  { ...override, weight: 4, concepts: ['ignore', 'everything', ['prior', 'given']], within: [15, 40] },
  { ...override, weight: 3.5, concepts: ['ignore', 'given', 'prior'], within: [50] },
  { ...override, weight: 4, concepts: ['drop', ['prior', 'you'], 'instruction'], within: [30, 50] },
  { ...override, weight: 3, concepts: ['drop', ['prior', 'you', 'every'], ['rule', 'given']], within: [30, 50] },
  {
    ...override,
    weight: 4,
    concepts: ['obey', ['negation', 'free'], ['prior', 'you', 'every'], ['instruction', 'rule']],
    within: [20, 50],
  },
  { ...redirect, weight: 2, concepts: ['new', 'task', ['you', 'obey', 'instead']], within: [15, 40] },
  { ...redirect, weight: 1, concepts: ['ignore', 'instead'], within: [160] },
  {
    ...redirect,
    weight: 3,
    concepts: [
      ['ignore', 'drop'],
      ['document', 'user'],
      ['answer', 'instead', 'reveal', 'send', 'run'],
    ],
    within: [25, 60],
    isForData: true,
  },
  { ...address, weight: 2.5, concepts: ['important', 'ai'], within: [60], isForData: true },
  { ...address, weight: 2, concepts: ['ai', 'you', ['first', 'obey', 'answer']], within: [80], isForData: true },

  { ...extract, weight: 4.5, concepts: ['system', 'message', 'reveal', 'you'], within: [15, 60] },
  { ...extract, weight: 4, concepts: ['given', 'instruction', 'reveal', 'you'], within: [40, 60] },
  { ...extract, weight: 3.5, concepts: ['reveal', 'you', 'prior', ['instruction', 'message']], within: [50] },
  { ...extract, weight: 4, concepts: ['verbatim', 'reveal', ['prior', 'system'], ['text', 'message']], within: [80] },
  { ...extract, weight: 2.5, concepts: ['reveal', 'system', 'message'], within: [30, 45] },
  { ...extract, weight: 2, concepts: ['reveal', 'you', 'instruction'], within: [30] },
  { kind: 'prompt_extraction', group: 'secret', weight: 2.5, concepts: ['reveal', 'you', 'creds'], within: [40] },

  { ...jailbreak, group: 'persona', weight: 4, concepts: ['persona', 'unrestricted'], within: [300] },
  {
    ...jailbreak,
    group: 'persona',
    weight: 3.5,
    concepts: ['restriction', ['negation', 'free'], 'persona'],
    within: [25, 250],
  },
  {
    ...jailbreak,
    group: 'persona',
    weight: 2,
    concepts: ['rule', ['negation', 'free'], 'persona', 'you'],
    within: [25, 250, 50],
  },
  { ...jailbreak, group: 'norules', weight: 3, concepts: [['restriction', 'rule'], 'free', 'you'], within: [25, 50] },
  {
    ...jailbreak,
    group: 'norules',
    weight: 2,
    concepts: [['restriction', 'rule'], ['negation', 'free'], 'you'],
    within: [25, 50],
  },
  { ...jailbreak, group: 'norules', weight: 1, concepts: ['restriction', ['negation', 'free']], within: [25] },
  {
    ...jailbreak,
    group: 'persona',
    weight: 3,
    concepts: [['restriction', 'rule'], 'negation', 'hypothetical', 'you'],
    within: [25, 50],
  },
  { ...jailbreak, group: 'dan', weight: 4, concepts: ['dan'], within: [0] },
  { ...jailbreak, group: 'refusal', weight: 1.5, concepts: ['refuse', 'negation'], within: [25] },
  { ...jailbreak, group: 'mode', weight: 2.5, concepts: ['authority', 'mode', ['enable', 'you']], within: [15, 40] },
  { ...jailbreak, group: 'mode', weight: 1.5, concepts: ['unrestricted', 'mode'], within: [20] },
  { ...jailbreak, group: 'claim', weight: 3, concepts: ['claim', 'authority'], within: [20] },
  { ...jailbreak, group: 'character', weight: 1.5, concepts: ['stay'], within: [0] },
  { ...jailbreak, group: 'twice', weight: 1.5, concepts: ['twice'], within: [0] },
  { ...jailbreak, group: 'unrestricted', weight: 1.5, concepts: ['unrestricted'], within: [0] },

  { ...exfiltrate, group: 'exfiltrate', weight: 2.5, concepts: ['send', 'creds', 'destination'], within: [50, 90] },
  {
    ...exfiltrate,
    group: 'secrecy',
    weight: 3,
    concepts: ['tell', 'negation', 'user'],
    within: [20, 30],
    isForData: true,
  },
  { ...exfiltrate, group: 'secrecy', weight: 2, concepts: ['tell', 'negation', 'user'], within: [20, 30] },
  {
    ...hijack,
    group: 'tool',
    weight: 1.5,
    concepts: ['tool', 'run', ['first', 'you']],
    within: [25, 50],
    isForData: true,
  },
  {
    ...hijack,
    group: 'tool',
    weight: 2.5,
    concepts: ['tool', ['run', 'answer'], 'first', 'creds'],
    within: [25, 60, 150],
    isForData: true,
  },
]
