// Every metric there is: its name by the conventions of Prometheus, what it means, and its labels. docs/monitoring.md
// has the same table, and a test compares them.

export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, ascending, without the infinite one. */
  readonly buckets?: readonly number[]
}

/** Of calls to models: from what a cache answers to what a long answer takes. */
const callSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Of our own work. */
const workSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

function counter(name: string, help: string, ...labels: string[]): Metric {
  return { name, type: 'counter', help, labels }
}

function gauge(name: string, help: string, ...labels: string[]): Metric {
  return { name, type: 'gauge', help, labels }
}

function histogram(name: string, help: string, buckets: readonly number[], ...labels: string[]): Metric {
  return { name, type: 'histogram', help, labels, buckets }
}

const catalogue = {
  requests: counter(
    'holdfast_requests_total',
    'Requests that have ended. code: ok, why it was refused, or how it ended; status: 2xx, 4xx, 5xx or none.',
    'operation',
    'code',
    'status',
    'upstream',
  ),
  refusals: counter('holdfast_refusals_total', 'Requests that were refused, by the stage that did.', 'stage', 'code'),
  limited: counter('holdfast_limited_total', 'Requests that were refused for rate, concurrency or budget.', 'limit'),
  duration: histogram(
    'holdfast_request_duration_seconds',
    'From the head of a request to the end of its answer.',
    callSeconds,
    'operation',
  ),
  firstByte: histogram(
    'holdfast_first_byte_seconds',
    'From the head of a request to the first byte of its answer.',
    callSeconds,
    'operation',
  ),
  overhead: histogram(
    'holdfast_overhead_seconds',
    'What Holdfast added before a request was sent on: all stages but the wait for the body.',
    workSeconds,
    'operation',
  ),
  stage: histogram('holdfast_stage_duration_seconds', 'Time in one stage of the pipeline.', workSeconds, 'stage'),
  received: counter('holdfast_request_bytes_total', 'Bytes of the bodies of requests.', 'operation'),
  sent: counter('holdfast_response_bytes_total', 'Bytes of the bodies of answers.', 'operation'),
  verdicts: counter(
    'holdfast_verdicts_total',
    'What detectors found, and what was done about it.',
    'detector',
    'category',
    'action',
    'direction',
  ),
  tokens: counter(
    'holdfast_tokens_total',
    'Tokens that upstreams reported, or that were charged. kind: input, cached (a part of input) or output.',
    'model',
    'kind',
  ),
  cost: counter('holdfast_cost_total', 'What tokens cost by limits.prices, in their currency.', 'model'),
  budget: gauge(
    'holdfast_budget_used_ratio',
    'Spent and reserved, as a share of the limit: the highest of all subjects of a budget.',
    'budget',
    'unit',
    'period',
  ),
  leases: gauge('holdfast_leases', 'Places for what may run at once that are taken.'),
  attempts: counter(
    'holdfast_upstream_attempts_total',
    'Calls to upstreams. result: 2xx, 4xx, 5xx, or why no answer began.',
    'upstream',
    'result',
  ),
  upstreamSeconds: histogram(
    'holdfast_upstream_response_seconds',
    'From a call to an upstream to the head of its answer, or to the failure.',
    callSeconds,
    'upstream',
  ),
  circuit: gauge(
    'holdfast_upstream_circuit_state',
    '1 for the state that the circuit of an upstream is in: closed, half_open or open.',
    'upstream',
    'state',
    'process',
  ),
  connections: gauge('holdfast_connections', 'Open connections of clients.', 'process'),
  exchanges: gauge('holdfast_exchanges', 'Requests that are being answered.', 'process'),
  streams: gauge('holdfast_streams', 'Of those, the ones that asked for a stream.', 'process'),
  appends: counter('holdfast_log_appends_total', 'Entries for the log. result: ok or failed.', 'result'),
  logSync: histogram('holdfast_log_sync_seconds', 'One durable write of the journal.', workSeconds),
  logWaiting: gauge('holdfast_log_waiting', 'Entries that wait to be durable.'),
  logEntries: gauge('holdfast_log_entries', 'Durable entries.'),
  logTree: gauge('holdfast_log_tree_entries', 'Entries under the newest signed checkpoint.'),
  logCheckpoint: gauge(
    'holdfast_log_checkpoint_time_seconds',
    'When the newest checkpoint was signed, since the epoch.',
  ),
  storeSeconds: histogram('holdfast_store_statement_seconds', 'One statement of the store.', workSeconds),
  storeErrors: counter('holdfast_store_errors_total', 'Statements of the store that failed.', 'code'),
  reloads: counter(
    'holdfast_reloads_total',
    'Reloads of the configuration. result: applied, unchanged, refused.',
    'result',
  ),
  reloadOk: gauge(
    'holdfast_configuration_current',
    '1 when the configuration on disk is the one in use, 0 when it was refused.',
  ),
  ready: gauge('holdfast_ready', '1 when /readyz says so.'),
  workers: gauge('holdfast_workers', 'Worker processes that serve; 0 when the first process serves itself.'),
  workerRestarts: counter(
    'holdfast_worker_restarts_total',
    'Workers that were replaced. cause: died or asked.',
    'cause',
  ),
  certificate: gauge(
    'holdfast_certificate_expiry_time_seconds',
    'When a certificate expires, since the epoch.',
    'listener',
  ),
  keySet: gauge('holdfast_key_set_age_seconds', 'Since the keys of an issuer were fetched.', 'issuer', 'process'),
  build: gauge('holdfast_build_info', 'Always 1.', 'version', 'node'),
  loopDelay: gauge(
    'holdfast_event_loop_delay_seconds',
    'Delay of the event loop over the last ten seconds. quantile: 0.5, 0.99 or 1.',
    'quantile',
    'process',
  ),
  loopActive: counter('holdfast_event_loop_active_seconds_total', 'Time that the event loop worked.', 'process'),
  gc: counter(
    'holdfast_gc_seconds_total',
    'Time spent collecting garbage. kind: minor, major, incremental or weak.',
    'kind',
    'process',
  ),
  heapUsed: gauge('holdfast_heap_used_bytes', 'Memory of live objects and garbage.', 'process'),
  heapTotal: gauge('holdfast_heap_total_bytes', 'Memory that the heap has reserved.', 'process'),
  external: gauge('holdfast_external_memory_bytes', 'Memory outside the heap, buffers included.', 'process'),
  // The names that dashboards expect of any process.
  rss: gauge('process_resident_memory_bytes', 'Resident memory.', 'process'),
  cpu: counter('process_cpu_seconds_total', 'Processor time, user and system.', 'process'),
  startTime: gauge('process_start_time_seconds', 'When the process started, since the epoch.', 'process'),
  descriptors: gauge('process_open_fds', 'Open file descriptors.', 'process'),
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof catalogue

export const metrics: Readonly<Record<MetricName, Metric>> = catalogue
