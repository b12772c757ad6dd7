// holdfast ask: one chat request, as any OpenAI client would send it, streamed to the terminal.
import { z } from 'zod'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { helpOption, locationOptions, parseOptions } from './options.ts'
import { printable, printableText } from './terminal.ts'

const help = `holdfast ask: send one chat request through the gateway

  holdfast ask --key KEY [--url URL] [--model MODEL] [--seen URL] TEXT

  --key KEY        an API key of Holdfast; HOLDFAST_KEY is read when it is not given
  --url URL        the gateway (default: http://127.0.0.1:8787)
  --model MODEL    default: demo-small
  --seen URL       ask the demo model afterwards what it was sent
  --data, --config are taken as by every command; the gateway is the one at --url

Exit code 0 when answered, 1 when refused.
`

const options = {
  ...locationOptions,
  ...helpOption,
  key: { type: 'string' },
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  model: { type: 'string', default: 'demo-small' },
  seen: { type: 'string' },
} as const

export async function ask(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('ask', args, options, Number.POSITIVE_INFINITY)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const text = positionals.join(' ')
  const key = values.key ?? io.env('HOLDFAST_KEY')
  if (text === '' || key === undefined) throw new UsageError("ask needs a text and --key; see 'holdfast ask --help'")
  if (!/^https?:$/.test(URL.parse(values.url)?.protocol ?? ''))
    throw new UsageError('--url takes an http or https URL, such as http://127.0.0.1:8787')
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError('a key has no spaces and no signs beyond ASCII')
  const response = await reach(`${values.url.replace(/\/+$/, '')}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: values.model, stream: true, messages: [{ role: 'user', content: text }] }),
    signal: io.signal,
  })
  if (response.body === null || !response.ok) {
    const refusal = refusalSchema.safeParse(await response.json().catch(() => undefined))
    if (!refusal.success) throw new UsageError(`what answers at ${values.url} is no Holdfast gateway`)
    const { code, message } = refusal.data.error
    io.stdout(printableText(`refused ${response.status} ${code}: ${message}\n`))
    return exitCode.notAllRight
  }
  if (values.seen === undefined) io.stdout('answer:         ')
  let answer = ''
  let failure: string | undefined
  for await (const event of events(response.body)) {
    if (event.error !== undefined) failure = `${event.error.code}: ${event.error.message}`
    const piece = event.choices?.[0]?.delta?.content ?? ''
    if (values.seen === undefined) io.stdout(printableText(piece))
    answer += piece
  }
  if (values.seen !== undefined) {
    const seen = seenSchema.parse(await (await reach(values.seen, {})).json())
    const saw = seen.messages.at(-1)?.content ?? ''
    io.stdout(printableText(`you sent:       ${text}\nthe model saw:  ${saw}\nyou got back:   ${answer}`))
  }
  io.stdout(failure === undefined ? '\n' : `\nrefused ${printable(failure)}\n`)
  return failure === undefined ? exitCode.ok : exitCode.notAllRight
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch {
    throw new UsageError(`nothing answers at ${url}; is the gateway running?`)
  }
}

const errorSchema = z.object({ code: z.string(), message: z.string() })
const refusalSchema = z.object({ error: errorSchema })
const seenSchema = z.object({ messages: z.array(z.object({ content: z.string() })) })
const eventSchema = z.object({
  error: errorSchema.optional(),
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })).optional(),
})

/** The data of each server-sent event. Our gateway sends one line of data an event. */
async function* events(body: ReadableStream<Uint8Array>) {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: {')) yield eventSchema.parse(JSON.parse(line.slice(6)))
  }
}
