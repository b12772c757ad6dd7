// Fields of a request that are orders to whatever proxy or server is behind the gateway: go to that host, use that
// credential, skip those checks. LiteLLM took `api_base` from the body and sent the operator's key there
// (CVE-2024-6587). Where a request goes, as whom and past which checks is for the configuration of each hop to say.
import { WireError } from './errors.ts'
import { fold, toParam } from './shape.ts'

/**
 * Refuses a member of a request that is such an order, however it is spelled; to be asked about unknown members only.
 *
 * @throws WireError `refused_field`, status 400
 */
export function refuseSteering(name: string, path: string): void {
  const plain = fold(name).replace(/[_.-]/g, '')
  if (!names.has(plain) && !families.test(plain)) return
  throw new WireError({
    code: 'refused_field',
    status: 400,
    message:
      'The request has a field that says where it goes, with which credential or past which checks. Only the configuration of the gateway says that: leave the field out.',
    param: toParam(path),
  })
}

/** Without the underscores. From the parameters of LiteLLM, Portkey, OpenRouter, Azure's clients and vLLM. */
const names: ReadonlySet<string> = new Set([
  // where to
  ...['apibase', 'apihost', 'apiurl', 'apitype', 'apiversion', 'baseuri', 'baseurl', 'customhost', 'customendpoint'],
  ...['deployment', 'deploymentid', 'deploymentname', 'endpoint', 'endpointurl', 'engine', 'host', 'hostname', 'url'],
  ...['anthropicversion', 'anthropicbeta', 'betas'],
  ...[
    'customllmprovider',
    'llmprovider',
    'provider',
    'providers',
    'regionname',
    'route',
    'router',
    'serverurl',
    'target',
  ],
  ...['httpproxy', 'httpsproxy', 'proxies', 'proxy', 'proxyurl', 'client', 'httpclient', 'sslverify', 'transport'],
  // to which other model, past the policy that allowed this one
  ...['contentpolicyfallbacks', 'contextwindowfallbacks', 'fallback', 'fallbackmodels', 'fallbacks'],
  ...['modelgroup', 'modellist', 'models', 'lorarequest', 'userconfig'],
  // as whom
  ...['accesstoken', 'apikey', 'apikeys', 'auth', 'authorization', 'bearertoken', 'credential', 'credentials', 'key'],
  ...['org', 'organization', 'organizationid', 'password', 'project', 'secret', 'token', 'userprofileid', 'virtualkey'],
  ...['workspace', 'workspaceid'],
  // with what else in the message
  ...['body', 'defaultheaders', 'defaultquery', 'extrabody', 'extraheaders', 'extraquery', 'headers', 'query'],
  // past which checks and records
  ...['cache', 'caching', 'callback', 'callbacks', 'callbackurl', 'failurecallback', 'loggerfn', 'nolog'],
  ...['successcallback', 'webhook', 'webhookurl', 'config', 'inputcostpertoken', 'outputcostpertoken'],
  ...['mockresponse', 'mocktimeout', 'mocktoolcalls', 'dropparams', 'additionaldropparams'],
  // for how long, how often
  ...['maxretries', 'numretries', 'requesttimeout', 'retry', 'retries', 'streamtimeout', 'timeout'],
  // how the text that was inspected becomes another one
  ...['chattemplate', 'promptid', 'promptlabel', 'promptvariables', 'promptversion', 'transforms'],
])

const families = /^(?:aws|azure|bedrock|gcp|helicone|holdfast|langfuse|litellm|portkey|vertex|xholdfast)|guardrail/
