// holdfast init: a commented holdfast.yaml and policies for a real upstream.
import { existsSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { ensurePolicies } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { helpOption, locationOptions, parseOptions } from './options.ts'
import { pathFrom } from './shell.ts'

const help = `holdfast init: write a commented holdfast.yaml for your own upstream

  holdfast init [--upstream openai|anthropic|azure|vllm|ollama] [--dir DIR] [--data DIR]

  --upstream KIND  which API the gateway protects (default: openai)
  --dir DIR        where to write holdfast.yaml and policies/ (default: here)
  --data DIR       the data folder to name in it (default: data beside holdfast.yaml)

Nothing that exists is overwritten.
`

const upstreams = {
  openai: `  - name: openai
    url: https://api.openai.com/v1
    # The key of the upstream. From the environment, or from a file: key: file:/run/secrets/openai
    key: \${OPENAI_API_KEY}`,
  anthropic: `  - name: anthropic
    url: https://api.anthropic.com/v1
    # Requests to /v1/messages go to upstreams that speak this API, and others do not.
    api: anthropic
    # The key of the upstream. From the environment, or from a file: key: file:/run/secrets/anthropic
    key: \${ANTHROPIC_API_KEY}
    # Beta features that clients may ask for:
    # anthropic: { betas: [context-1m-2025-08-07] }`,
  azure: `  - name: azure
    # The v1 API of your Azure OpenAI resource.
    url: https://YOUR-RESOURCE.openai.azure.com/openai/v1
    auth: api-key
    key: \${AZURE_OPENAI_API_KEY}`,
  vllm: `  - name: vllm
    url: http://127.0.0.1:8000/v1
    # The server runs on this machine or in a private network: say so, or its address is refused.
    allowPrivate: true
    # vllm serve --api-key …; without one: auth: none, and no key.
    key: \${VLLM_API_KEY}`,
  ollama: `  - name: ollama
    url: http://127.0.0.1:11434/v1
    # Ollama runs on this machine: say so, or its address is refused.
    allowPrivate: true
    auth: none`,
} as const

const options = {
  ...helpOption,
  upstream: { type: 'string', default: 'openai' },
  dir: { type: 'string', default: '.' },
  data: locationOptions.data,
} as const

export async function init(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('init', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  if (!isKnown(values.upstream)) throw new UsageError(`--upstream takes ${Object.keys(upstreams).join(', ')}`)
  const folder = resolve(io.cwd, values.dir)
  const file = join(folder, 'holdfast.yaml')
  if (existsSync(file)) throw new UsageError(`${file} exists; it was left as it is`)
  ensurePolicies(join(folder, 'policies'))
  const data = values.data === undefined ? './data' : dataScalar(folder, resolve(io.cwd, values.data))
  writeFileSync(file, template(upstreams[values.upstream], data), { flag: 'wx', mode: 0o640 })
  const variable = /\$\{(\w+)\}/.exec(upstreams[values.upstream])?.[1]
  const holdfast = pathFrom(io.cwd, io.program)
  const config = folder === io.cwd ? '' : ` --config ${pathFrom(io.cwd, file)}`
  io.stdout(`Wrote ${file} and policies/. Next:

${variable === undefined ? '' : `  export ${variable}=…    # the key of the upstream\n`}  ${holdfast} config check${config}    # is everything right?
  ${holdfast} keys create --name me --config ${pathFrom(io.cwd, file)}
  ${holdfast} serve${config}    # then point your ${values.upstream === 'anthropic' ? 'Anthropic client at http://127.0.0.1:8787' : 'OpenAI client at http://127.0.0.1:8787/v1'}
`)
  return exitCode.ok
}

function isKnown(name: string): name is keyof typeof upstreams {
  return Object.hasOwn(upstreams, name)
}

/** A data folder as it stands in a holdfast.yaml of `folder`: relative when it lies inside. */
function dataScalar(folder: string, data: string): string {
  const inside = relative(folder, data)
  const path = inside === '' ? '.' : inside.startsWith('..') ? data : `./${inside}`
  // JSON is YAML; $${ is what a ${ is written as.
  return /^[\w./-]+$/.test(path) ? path : JSON.stringify(path.replaceAll('${', () => '$${'))
}

function template(upstream: string, data: string): string {
  return `# Holdfast. Every key that may stand here: holdfast config schema
# Secrets are taken from the environment (\${NAME}) or from files (file:PATH), never written here.

# Log, store and keys. Back it up; whoever holds it can read what was masked.
data: ${data}

listen:
  host: 127.0.0.1
  port: 8787
  # Any other address than loopback needs TLS:
  # tls:
  #   certificate: file:/etc/holdfast/tls.crt
  #   key: file:/etc/holdfast/tls.key

# The model APIs behind the gateway. The first whose \`models\` match serves a request.
upstreams:
${upstream}
    # Which models it serves; * stands for any characters.
    models: ['*']

# Health (/livez, /readyz) and metrics (/metrics) on a port of their own (docs/monitoring.md):
# operations: { host: 127.0.0.1, port: 8789 }

# The management API on http://127.0.0.1:8788: keys, findings, the log, and the admission of files. See docs/api.md.
# api: {}

# What is written to stderr; json is for machines:
# logs: { format: json, level: info }

# Who may do what: Cedar policies and their schema.
policy:
  folder: ./policies

# Who may ask with a token of your identity provider, beside API keys (docs/identity.md):
# identity:
#   issuers:
#     - issuer: https://login.example.com/
#       audience: https://ai.example.com
#       jwks: { url: https://login.example.com/.well-known/jwks.json }

# How much: requests for each key, principal, tenant and route.
limits:
  rates:
    key: { requests: 600, per: 1m, burst: 60 }
  concurrency:
    key: 64
  # Tokens and money by calendar window (docs/limits.md):
  # budgets:
  #   - { name: team-month, per: tenant, every: month, cost: 500 }
  # prices:
  #   - { models: ['gpt-5*'], input: 1.25, cached: 0.125, output: 10 }
  maxBodyBytes: 4MiB

# What is looked for, and what happens: allow, flag, mask or block.
# A mask in a request is undone in the answer; a mask in an answer is final.
inspect:
  actions:
    request: { personal: mask, secret: mask, injection: block, canary: block }
    response: { personal: mask, secret: mask, injection: flag, canary: block }
  # Strings that must never appear in an answer, planted in system prompts or documents:
  # canaries: ['\${HOLDFAST_CANARY}']

# Where masked data may come back.
privacy:
  restore:
    # Hosts that a link in an answer may carry restored data to. None by default.
    hosts: []
  tools:
    # Tools that stay in the house although their name sounds otherwise, so that they get the real values:
    inward: []
`
}
