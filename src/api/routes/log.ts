// The transparency log: its entries, its checkpoint, proofs, and what happened in one exchange.
import { z } from 'zod'
import { countEntries, proveEntry, readCheckpoint, readPage as readLogPage } from '#audit'
import { ApiError } from '../error.ts'
import { entryExample } from '../examples.ts'
import { pageOf, pageQuery, readCursor, writeCursor } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { entrySchema } from '../schemas.ts'
import { queryTime } from './input.ts'

export const entryPageSchema = pageOf(entrySchema, 'entries of the log, newest first')

const filter = {
  principal: z.string().min(1).max(256).optional().describe('Only by this actor.'),
  since: queryTime.optional().describe('Only from this time on, ms since the epoch.'),
  until: queryTime.optional().describe('Only from before this time, ms since the epoch.'),
  class: z.coerce.number().int().min(0).max(1_000_000).optional().describe('Only of this OCSF class, as 6003.'),
  status: z.coerce
    .number()
    .int()
    .min(0)
    .max(99)
    .optional()
    .describe('Only with this OCSF status: 1 success, 2 failure.'),
  exchange: z
    .string()
    .regex(/^[\w.:-]{1,200}$/, { error: 'has letters, digits and the signs _ . : -' })
    .optional()
    .describe('Only of this exchange or request.'),
}

/** So that no question keeps the disk busy for long: then the page is short, and `next` goes on. */
const mostRead = 50_000
const place = z.strictObject({ before: z.int().min(0) })
const dayMs = 86_400_000

/** @param explanation  how the explanation of an exchange looks */
export function logRoutes(explanation: z.ZodType): readonly Route[] {
  return [
    route({
      operationId: 'listEvents',
      method: 'GET',
      path: '/events',
      resource: 'events',
      action: 'read',
      summary: 'Query the log',
      description:
        'Entries, newest first, as they are on disk. One call looks at about 50,000 entries: a page can have fewer items than asked for, even none, while `next` is not null.',
      query: z.strictObject({ ...filter, ...pageQuery }),
      answers: {
        200: {
          description: 'A page of entries.',
          content: entryPageSchema,
          example: { items: [entryExample], next: null },
        },
      },
      async run({ query, rooms }) {
        const { limit, cursor, principal, since, until, class: classUid, status: statusId, exchange } = query
        const { entries, next } = await readLogPage({
          dir: rooms.log.dir,
          filter: { principal, since, until, classUid, statusId, exchange },
          before: cursor === undefined ? undefined : readCursor(cursor, place).before,
          limit,
          mostRead,
        })
        const items = entries.map(({ index, event }) => ({ index, event }))
        return { status: 200, body: { items, next: next === undefined ? null : writeCursor({ before: next }) } }
      },
    }),
    route({
      operationId: 'getCheckpoint',
      method: 'GET',
      path: '/log/checkpoint',
      resource: 'log',
      action: 'read',
      summary: 'The newest checkpoint',
      description:
        'As it is signed (C2SP tlog-checkpoint): keep it elsewhere, and `holdfast audit verify --since` shows later whether history was rewritten.',
      answers: {
        200: {
          description: 'A signed note.',
          content: {
            mediaType: 'text/plain',
            example: 'holdfast.local/0123456789abcdef\n43\nq8X0pQ…=\n\n— holdfast.local/0123456789abcdef …\n',
          },
        },
      },
      problems: [404],
      run: async ({ rooms }) => ({ status: 200, body: await readCheckpoint(rooms.log) }),
    }),
    route({
      operationId: 'proveEntry',
      method: 'GET',
      path: '/log/entries/{index}/proof',
      resource: 'log',
      action: 'read',
      summary: 'Prove an entry',
      description:
        'A c2sp.org/tlog-proof@v1 file with the entry inside: with the public keys of the log it proves, offline, that the entry is what was signed.',
      params: z.strictObject({
        index: z
          .string()
          .regex(/^(?:0|[1-9]\d{0,14})$/, { error: 'expected a whole number' })
          .transform(Number)
          .describe('Index of the entry.'),
      }),
      answers: {
        200: {
          description: 'The proof file.',
          content: { mediaType: 'text/plain', example: 'c2sp.org/tlog-proof@v1\nextra eyJ…\nindex 42\n…\n' },
        },
      },
      problems: [404],
      async run({ params: { index }, rooms }) {
        // What is durable already gets its checkpoint now, instead of within a second.
        if (index < (await countEntries(rooms.log))) await rooms.log.checkpoint()
        else throw new ApiError('not_found', 'The log has no entry with this index yet.')
        return { status: 200, body: (await proveEntry({ dir: rooms.log.dir, index })).proof }
      },
    }),
    route({
      operationId: 'explainExchange',
      method: 'GET',
      path: '/exchanges/{id}/explanation',
      resource: 'exchanges',
      action: 'read',
      summary: 'Explain an exchange',
      description:
        'What happened in one exchange with a model, stage by stage: who asked, what was found, which policy decided, what the upstream did, and whether the record is proven. The same as `holdfast explain`.',
      params: z.strictObject({
        id: z
          .string()
          .regex(/^[\w.:-]{1,200}$/, { error: 'has letters, digits and the signs _ . : -' })
          .describe('The `x-request-id` that the client got (`ex_…`), or the upstream’s id of the request.'),
      }),
      query: z.strictObject({
        since: queryTime
          .optional()
          .describe('Search the log no further back than this, ms since the epoch. Default: seven days ago.'),
      }),
      answers: { 200: { description: 'The explanation.', content: explanation } },
      problems: [404],
      async run({ params, query, rooms }) {
        const body = await rooms.explanations.explain(params.id, query.since ?? rooms.now() - 7 * dayMs)
        if (body === undefined)
          throw new ApiError('not_found', 'The log has nothing of it in the time that was searched.')
        return { status: 200, body }
      },
    }),
  ]
}
