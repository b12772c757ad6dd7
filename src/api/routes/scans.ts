// Admission: may this file come in?
import { z } from 'zod'
import { ApiError } from '../error.ts'
import { pageOf, pageQuery, readPage } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { scanStates } from '../scans/migrations.ts'
import { isSettled, type ScanRecord } from '../scans/record.ts'
import { reportSchema } from '../scans/report.ts'
import type { NewScan } from '../scans/scans.ts'
import { scanSeverities } from '../settings.ts'
import { idOf } from './input.ts'

const summary = {
  id: z.string().describe('`scan_…`'),
  state: z.enum(scanStates).describe('`queued`, `running`, and in the end `done` or `failed`.'),
  source: z.enum(['path', 'url', 'upload']),
  name: z.string().describe('The path, the address, or the name of the upload.'),
  threshold: z.enum(scanSeverities).describe('From this severity on, a finding keeps it out.'),
  admitted: z
    .boolean()
    .nullable()
    .describe('Whether it may come in; null while that is not known. False when the scan failed or was incomplete.'),
  reasons: z.array(z.string()).describe('Why it may not.'),
  principal: z.string().describe('Who asked.'),
  createdAt: z.int().min(0),
  startedAt: z.int().min(0).optional(),
  finishedAt: z.int().min(0).optional(),
}
const scanSummarySchema = z.strictObject(summary).describe('A scan, without what it found.')
export const scanSchema = z
  .strictObject({ ...summary, report: reportSchema.nullable().describe('Null until it is done.') })
  .describe('A scan and its verdict.')
export const scanPageSchema = pageOf(scanSummarySchema, 'scans, the latest first')

const threshold = z
  .enum(scanSeverities)
  .optional()
  .describe('Be stricter than `api.scans.threshold`; a laxer one is refused.')

const newScanSchema = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('A file or a folder on the machine that Holdfast runs on, below one of `api.scans.roots`.'),
    url: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe('An https address, or `hf:org/model@revision`, at one of `api.scans.hosts`. Read by range.'),
    threshold,
  })
  .refine(({ path, url }) => (path === undefined) !== (url === undefined), { error: 'give either path or url' })

const uploadQuery = z.strictObject({
  name: z
    .string()
    .regex(/^[^\p{C}/\\]{1,255}$/u, { error: 'expected a file name without folders and control characters' })
    .default('upload')
    .describe('Of an upload: its file name, which is part of what is judged.'),
  threshold: threshold.describe('Of an upload: as `threshold` of a path.'),
})

const prefer = z.strictObject({
  prefer: z
    .string()
    .regex(/^wait=\d{1,3}$/, { error: 'only wait=SECONDS is understood' })
    .optional()
    .describe('`wait=20` (RFC 7240): answer when it is done, or after so many seconds. At most 60.'),
})

const longestWait = 60
const place = z.strictObject({ createdAt: z.number(), id: z.string().max(64) })

const example = {
  id: 'scan_00112233445566778899aabbccddeeff',
  state: 'queued',
  source: 'upload',
  name: 'model.safetensors',
  threshold: 'medium',
  admitted: null,
  reasons: [],
  principal: 'ci',
  createdAt: 1_795_000_000_000,
}

export const scanRoutes: readonly Route[] = [
  route({
    operationId: 'createScan',
    method: 'POST',
    path: '/scans',
    resource: 'scans',
    action: 'scan',
    summary: 'Have a file judged',
    description:
      'Send `{"path": …}` for what lies on the machine, or the file itself as `application/octet-stream`. Answers 202 at once, with where to ask for the verdict; with `Prefer: wait=20` it answers 200 with the verdict if that comes within 20 seconds. Let a file in only on `admitted: true`. It is parsed in a sandboxed process, and nothing of it is run. What is found is also a finding. An upload is deleted when it has been scanned.',
    query: uploadQuery,
    headers: prefer.extend({
      'content-length': z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    body: newScanSchema,
    takesBytes: true,
    bodyExample: { path: '/srv/models/model.safetensors' },
    answers: {
      200: { description: 'It is done: the verdict.', content: scanSchema },
      202: {
        description: 'It waits or runs: ask at `location`.',
        content: scanSchema,
        example: { ...example, report: null },
      },
    },
    problems: [413, 415],
    async run({ query, headers, body, bytes, caller, rooms }) {
      const { id: principal, tenant } = caller.principal
      const asked = bytes === undefined ? body.threshold : query.threshold
      const length = headers['content-length']
      const size = length === undefined ? undefined : Number(length)
      const source: NewScan['source'] =
        bytes !== undefined
          ? { kind: 'upload', name: query.name, bytes, size }
          : body.url !== undefined
            ? { kind: 'url', address: body.url }
            : { kind: 'path', path: body.path ?? '' }
      const known = strictest(asked, rooms.settings().scans.threshold, bytes === undefined ? 'body' : 'query')
      const admitted = await rooms.scans.admit({ source, threshold: known, principal, tenant })
      const seconds = Math.min(longestWait, Number(headers.prefer?.slice('wait='.length) ?? 0))
      const scan = seconds === 0 ? admitted : await rooms.scans.settled(admitted.id, seconds * 1000, caller.signal)
      const location = `/api/v1/scans/${admitted.id}`
      const applied = headers.prefer === undefined ? {} : { 'preference-applied': `wait=${seconds}` }
      const isDone = scan !== undefined && isSettled(scan)
      return { status: isDone ? 200 : 202, body: bodyOf(scan ?? admitted), headers: { location, ...applied } }
    },
  }),
  route({
    operationId: 'listScans',
    method: 'GET',
    path: '/scans',
    resource: 'scans',
    action: 'read',
    summary: 'List scans',
    description: 'The latest first, without what they found. Results are kept as long as `api.scans.keep` says.',
    query: z.strictObject({ state: z.enum(scanStates).optional().describe('Only in this state.'), ...pageQuery }),
    answers: {
      200: {
        description: 'A page of scans.',
        content: scanPageSchema,
        example: { items: [example], next: null },
      },
    },
    async run({ query: { limit, cursor, state }, rooms }) {
      const { items, next } = await readPage(
        { limit, cursor },
        place,
        (after, most) => rooms.scans.list({ state, after, limit: most }),
        ({ createdAt, id }) => ({ createdAt, id }),
      )
      return { status: 200, body: { items: items.map(summaryOf), next } }
    },
  }),
  route({
    operationId: 'getScan',
    method: 'GET',
    path: '/scans/{id}',
    resource: 'scans',
    action: 'read',
    summary: 'Show a scan',
    description: 'Its state, and once it is done its verdict and everything that was found.',
    params: z.strictObject({ id: idOf(/^scan_[0-9a-f]{32}$/, 'An id of a scan, `scan_…`.') }),
    headers: prefer,
    answers: { 200: { description: 'The scan.', content: scanSchema, example: { ...example, report: null } } },
    problems: [404],
    async run({ params, headers, caller, rooms }) {
      const seconds = Math.min(longestWait, Number(headers.prefer?.slice('wait='.length) ?? 0))
      const scan = await rooms.scans.settled(params.id, seconds * 1000, caller.signal)
      if (scan === undefined) throw new ApiError('not_found', 'There is no scan with this id, or not any more.')
      return { status: 200, body: bodyOf(scan) }
    },
  }),
]

/** What keeps files out is for the operator to say: a client may only ask for more. */
function strictest(asked: NewScan['threshold'] | undefined, set: NewScan['threshold'], place: 'body' | 'query') {
  if (asked === undefined) return set
  if (scanSeverities.indexOf(asked) <= scanSeverities.indexOf(set)) return asked
  const at = place === 'body' ? '/threshold' : 'threshold'
  const flaws = [{ in: place, at, detail: `is laxer than ${set}, which this installation asks for` }]
  throw new ApiError('invalid_request', 'The threshold of a request can only be stricter.', { flaws })
}

function bodyOf(scan: ScanRecord) {
  return { ...summaryOf(scan), report: scan.report ?? null }
}

function summaryOf({ admitted, report: _report, ...rest }: ScanRecord) {
  return { ...rest, admitted: admitted ?? null }
}
