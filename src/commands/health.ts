// holdfast health: is a gateway ready for requests? For container health checks, scripts and people.
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { connectControl, healthText } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import {
  dataFolder,
  formatOption,
  helpOption,
  locationHelp,
  locationOptions,
  parseOptions,
  wantsJson,
} from './options.ts'
import { printableText } from './terminal.ts'

const help = `holdfast health: is a gateway ready for requests

  holdfast health [--data DIR | --config FILE] [--format json]
  holdfast health --url URL

Asks the gateway that runs on the data folder, over its control socket; that needs no listener. With --url it asks
/readyz of a listener for health and metrics ('operations' in holdfast.yaml) instead, from any machine.

  --url URL        such as http://127.0.0.1:8789
  --format FORMAT  text or json
${locationHelp}

Exit code 0 when it is ready, 1 when it is not or does not answer.
`

const options = { ...locationOptions, ...formatOption, ...helpOption, url: { type: 'string' } } as const

export async function health(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('health', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  if (values.url !== undefined) {
    if (json) throw new UsageError('--format json goes without --url')
    return await askListener(values.url, io)
  }
  const data = dataFolder(values, io)
  const gateway = await connectControl(data)
  if (gateway === undefined) {
    io.stdout(json ? `${JSON.stringify({ ok: false, checks: [] })}\n` : `no gateway runs on ${data}\n`)
    return exitCode.notAllRight
  }
  const report = await gateway.health()
  io.stdout(json ? `${JSON.stringify(report)}\n` : healthText(report, 'not ready'))
  return report.ok ? exitCode.ok : exitCode.notAllRight
}

async function askListener(url: string, io: CommandIo): Promise<number> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError('--url takes an http or https URL, such as http://127.0.0.1:8789')
  try {
    const { status, text } = await get(new URL('/readyz?verbose', url))
    io.stdout(printableText(text))
    return status === 200 ? exitCode.ok : exitCode.notAllRight
  } catch (error) {
    io.stdout(`${url} does not answer: ${error instanceof Error ? error.message : error}\n`)
    return exitCode.notAllRight
  }
}

const timeoutMs = 5000
const maxBytes = 64 * 1024

function get(url: URL): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const ask = url.protocol === 'https:' ? requestTls : request
    const outgoing = ask(url, { timeout: timeoutMs, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        if (text.length > maxBytes) outgoing.destroy(new Error('its answer is too long for one'))
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('it took too long')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
