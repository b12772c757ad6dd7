// What the codes that a client is told mean, and what to do about them: the table "Errors" of docs/gateway.md, for programs.

/** What a code means and what to do; undefined for one that is not known here. */
export function adviceFor(code: string): { readonly meaning: string; readonly advice: string } | undefined {
  const [meaning, advice] = (Object.hasOwn(table, code) && table[code]) || []
  return meaning === undefined || advice === undefined ? undefined : { meaning, advice }
}

/** Those that `adviceFor` knows. */
export function advisedCodes(): string[] {
  return Object.keys(table)
}

const table: Readonly<Record<string, readonly [meaning: string, advice: string]>> = {
  http_version: ['not HTTP/1.1', 'use HTTP/1.1'],
  malformed_http: ['the bytes are no well-formed HTTP/1.1 request', 'fix the client or the proxy in front'],
  headers_too_large: ['request line and headers exceed limits.maxHeaderBytes', 'send less, or raise it'],
  too_many_headers: ['more than 128 headers', 'send fewer'],
  chunk_extensions: ['chunk extensions are too large', 'send plain chunks'],
  request_timeout: [
    'headers or body took longer than limits.headerTimeout or limits.bodyTimeout',
    'check the network, or raise them',
  ],
  incomplete_request: ['the connection closed before the request was complete', 'send it again'],
  duplicate_header: ['a header that may come once came twice', 'fix the client'],
  header_name: [
    "a header name with an underscore, or a Holdfast header that is not a client's to set",
    'do not send it',
  ],
  header_value: ['a header value with bytes outside printable ASCII', 'encode it'],
  host: ['Host is missing or no host name', 'fix the client'],
  connection: ['Connection names something else than close, keep-alive or TE', 'do not send it'],
  expect: ['Expect other than 100-continue', 'do not send it'],
  upgrade: ['an Upgrade header: there is no WebSocket or HTTP/2 here', 'use plain requests'],
  trailer: ['trailers', 'do not send them'],
  session: ['Holdfast-Session is malformed or came twice', 'see "Headers" in docs/gateway.md'],
  connect: ['the method CONNECT', 'this is no forward proxy'],
  not_found: ['nothing is served at this path', 'check the base URL: it ends in /v1'],
  method: ['wrong method for this path', 'see the allow header'],
  query: ['the query string holds unusual characters or is longer than 256', 'leave it out'],
  unexpected_body: ['a body with GET', 'leave it out'],
  transfer_encoding: ['a transfer encoding other than chunked', 'send it plain'],
  content_encoding: ['a compressed body', 'send it uncompressed'],
  content_type: ['not application/json in UTF-8', 'set the header'],
  invalid_api_key: [
    'no key, more than one, or one that is malformed, unknown, expired or revoked',
    'send one valid key; the log has the reason',
  ],
  not_authorised: ['the policies do not let this key use this operation', "change the policies or the key's scopes"],
  rate_limit_exceeded: ['a rate under limits.rates is used up', 'wait for retry-after'],
  request_too_large: ['the body exceeds limits.maxBodyBytes', 'send less, or raise it'],
  invalid_json: ['not JSON by RFC 8259, or not UTF-8', 'fix the client'],
  duplicate_key: ['an object has a key twice', 'fix the client'],
  ambiguous_key: ['a key differs from a known one by letter case only', 'fix the client'],
  json_too_complex: ['deeper than 64 levels, or more than 100,000 values', 'send less'],
  invalid_request: ['a known field has a wrong type or value; param names it', 'fix the request'],
  unknown_content: ['an unknown field that carries text', 'leave it out, or set wire.unknown'],
  opaque_content: [
    "content that cannot be inspected. With 502: in the upstream's answer",
    'see "What is refused because it cannot be inspected" in docs/gateway.md',
  ],
  signed_content: ['a thought of the model, which is signed, holds what must be masked', 'leave the block out'],
  refused_field: ['a field that would send the request elsewhere, as somebody else, or past a check', 'leave it out'],
  model_not_found: ['no upstream serves this model', 'check the name, and upstreams[].models'],
  model_not_allowed: ['the policies do not let this key use this model, in this way', 'change the policies'],
  data_not_allowed: [
    'no upstream for this model may have what was found in the request',
    'change the policies or upstreams[].clearance, or mask it',
  ],
  prompt_injection: [
    'a prompt injection in a text; param says where',
    'look at the finding; if it is a false alarm, set inspect.actions.request',
  ],
  secret_in_request: ['a secret, where the action is block', 'remove it and rotate it'],
  personal_data_in_request: ['personal data, where the action is block', 'remove it'],
  canary_in_request: ['a canary in a request: something planted has leaked', 'find out where it came from'],
  content_blocked: ['blocked by a detector of another kind; none exists today', 'look at the log'],
  not_recorded: ['the log cannot be written, so nothing is served', 'look at the disk, and at stderr'],
  not_inspected: [
    'a stage failed or took longer than stageTimeout. With 502: the answer could not be inspected',
    'try again; look at stderr and the log',
  ],
  answer_blocked: ['a detector blocked the answer', 'look at the finding'],
  exfiltration_blocked: [
    'the answer would have carried a masked value to another host',
    'treat the content that the model read as hostile',
  ],
  invalid_response: ["the upstream's answer is no well-formed chat completion", 'look at the upstream'],
  event_too_large: ['an event of the stream exceeds answers.maxEventBytes', 'raise it if that is expected'],
  answer_too_large: ['an answer that is not streamed exceeds answers.maxBytes', 'raise it if that is expected'],
  upstream_status: ['the upstream answered with a status that is none', 'look at the upstream'],
  misplaced_edit: ['a fault in Holdfast', 'report it'],
  upstream_unavailable: ['no upstream could list its models', 'look at the upstreams'],
  upstream_credentials: [
    "the upstream refused the gateway's own key (it answered 401, 403 or 407)",
    'check upstreams[].key and auth',
  ],
  upstream_circuit_open: [
    'every upstream for this model has failed too often of late',
    'wait for retry-after; look at the upstreams',
  ],
  upstream_connect_failed: [
    'no connection: refused, name not found, certificate not trusted',
    'check url, tls.ca and the network',
  ],
  upstream_no_resources: [
    "no connection: the gateway's machine has no descriptor or memory left for one",
    'raise its limit of open files, or lower listen.maxConnections',
  ],
  upstream_connect_timeout: [
    'no connection, or no free one, within timeouts.connect',
    'raise connections, or look at the upstream',
  ],
  upstream_address_not_allowed: [
    'the name resolves to a private, reserved or metadata address',
    'allowPrivate for private ones; the others never',
  ],
  upstream_headers_timeout: ['no answer began within timeouts.headers', 'stream, or raise it'],
  upstream_idle_timeout: ['too long between two pieces, timeouts.idle', 'raise it, or look at the upstream'],
  upstream_total_timeout: ['the call took longer than timeouts.total', 'raise it'],
  upstream_reset: ['the connection was lost', 'try again'],
  upstream_bad_response: ['no HTTP, a wrong length, or compressed though it was not asked for', 'look at the upstream'],
  upstream_redirect: ['a redirect, which is never followed', 'correct url'],
  upstream_too_large: ['the answer exceeds upstreams[].maxResponseBytes', 'raise it if that is expected'],
}
