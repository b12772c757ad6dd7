// An explanation as lines for people. Everything in it may be somebody else's words, so everything is made printable.
import type { Explanation } from '#gateway'
import { printable } from './terminal.ts'

export function explanationLines(explanation: Explanation): string {
  const lines = [
    ...factLines(explanation),
    ...section('stages', stageLines(explanation)),
    ...section('found', verdictLines(explanation)),
    ...section('policy', policyLines(explanation)),
    ...section('limits', limitLines(explanation)),
    ...section(
      'upstream',
      explanation.upstream.attempts.map(({ words }) => words),
    ),
    ...section('end', endLines(explanation)),
    ...section('proof', explanation.entries.map(proofLine)),
    ...section('remarks', explanation.remarks),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

function factLines({ exchange, summary, when, who, what, policy }: Explanation): string[] {
  const whose = [
    who.principal,
    who.tenant === undefined ? '' : `tenant ${who.tenant}`,
    who.credential === undefined ? '' : `credential ${who.credential}`,
  ]
  const asked = [
    `${what.method ?? ''} ${what.path ?? ''}`.trim(),
    what.operation,
    what.model === undefined ? '' : `model ${what.model}`,
    what.stream === true ? 'streamed' : '',
    what.tools === true ? 'with tools' : '',
  ]
  return [
    ['exchange', exchange],
    ['in short', summary],
    [
      'when',
      [timeText(when.decided ?? when.ended), when.durationMs === undefined ? '' : `${when.durationMs} ms in all`]
        .filter(Boolean)
        .join(', '),
    ],
    ['who', whose.filter(Boolean).join(', ')],
    ['what', asked.filter(Boolean).join(', ')],
    ['decided by', policy.rule ?? 'not on record'],
  ].map(([name = '', value = '']) => `${name.padEnd(11)} ${value}`)
}

function stageLines({ stages }: Explanation): string[] {
  return stages.map(({ name, result, ms, words }) => {
    const time = ms === undefined ? '' : `${ms.toFixed(3)} ms`
    return `${(result === 'not_reached' ? '-' : result).padEnd(8)} ${name.padEnd(16)} ${time.padStart(12)}  ${words}`
  })
}

function verdictLines({ verdicts, verdictsTotal }: Explanation): string[] {
  const more = verdictsTotal - verdicts.length
  return [...verdicts.map(({ words }) => words), ...(more > 0 ? [`and ${more} more, which the log only counts`] : [])]
}

function policyLines({ policy }: Explanation): string[] {
  const shown = new Set<string>()
  const textOnce = (id: string, text = '') => {
    if (shown.has(id)) return []
    shown.add(id)
    return text.split('\n').filter(Boolean)
  }
  const lines = policy.questions.flatMap(({ words, decision, by, failed }) => [
    `${words} ${decision}${by.length === 0 ? ', no policy permits it' : ''}`,
    ...by.flatMap(({ id, place, text }) => [
      `  by ${id}${place === undefined ? '' : ` (${place.file}:${place.line})`}`,
      ...textOnce(id, text).map((line) => `    ${line}`),
    ]),
    ...failed.map(({ id }) => `  could not be evaluated: ${id}`),
  ])
  if (policy.questionsTotal > policy.questions.length)
    lines.push(`and ${policy.questionsTotal - policy.questions.length} more questions, which the log only counts`)
  if (policy.questions.length > 0 && policy.policies === 'changed')
    lines.push('the policies have been changed since, so their text is not shown')
  if (policy.withheld.length > 0) lines.push(`of the caller, the log does not hold: ${policy.withheld.join(', ')}`)
  return lines
}

function limitLines({ limits: { rate, spent } }: Explanation): string[] {
  const amounts = Object.entries(spent ?? {}).map(([name, amount]) => `${amount} ${name}`)
  return [
    ...(rate === undefined ? [] : [`rate of the ${rate.scope}: ${rate.remaining} of ${rate.limit} left`]),
    ...(amounts.length === 0 ? [] : [`spent: ${amounts.join(', ')}`]),
  ]
}

function endLines({ ending, told }: Explanation): string[] {
  return [
    ending.words,
    ...(ending.tokens === undefined ? [] : [`${ending.tokens.prompt} tokens in, ${ending.tokens.completion} out`]),
    ...(told.code === undefined
      ? []
      : [`the client was told ${told.code}${told.meaning === undefined ? '' : `: ${told.meaning}`}`]),
    ...(told.advice === undefined ? [] : [`what to do: ${told.advice}`]),
  ]
}

function proofLine({ phase, index, proof }: Explanation['entries'][number]): string {
  const name = `${phase}${index === undefined ? '' : `, entry ${index}`}:`
  switch (proof.state) {
    case 'proven':
      return `${name} proven, under the signed checkpoint of ${proof.size} entries of ${proof.origin}`
    case 'not_yet':
      return `${name} not under a checkpoint yet; try again in a second`
    case 'failed':
      return `${name} NOT the one that was signed: ${proof.message}`
    case 'missing':
      return `${name} missing`
  }
}

/** A changed entry may claim a time that no calendar has. */
function timeText(time: number | undefined): string {
  if (time === undefined) return 'not on record'
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString()
}
