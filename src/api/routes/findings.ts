// Findings: what is wrong, and what people decided about it.
import { z } from 'zod'
import { findingStates, severities } from '#findings'
import { ApiError } from '../error.ts'
import { findingExample } from '../examples.ts'
import { pageOf, pageQuery, readPage } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { findingSchema, findingWithHistorySchema } from '../schemas.ts'
import { idOf, reason } from './input.ts'

export const findingPageSchema = pageOf(findingSchema, 'findings, the gravest first, then the latest')

const filter = {
  state: z.enum(findingStates).optional().describe('Only in this state.'),
  minSeverity: z.enum(severities).optional().describe('This severity and graver ones.'),
  asset: z.string().max(64).optional().describe('Only about this asset.'),
  rule: z.string().min(1).max(128).optional().describe('Only found by this rule.'),
}

const transitionSchema = z.strictObject({
  to: z.enum(findingStates),
  reason,
  until: z
    .int()
    .min(0)
    .optional()
    .describe('When the exception ends, ms since the epoch: with `excepted`, and with nothing else.'),
})

const place = z.strictObject({ severity: z.enum(severities), lastSeen: z.number(), id: z.string().max(64) })
const findingId = idOf(/^fnd_[0-9a-f]{32}$/, 'An id of a finding, `fnd_…`.')

export const findingRoutes: readonly Route[] = [
  route({
    operationId: 'listFindings',
    method: 'GET',
    path: '/findings',
    resource: 'findings',
    action: 'read',
    summary: 'List findings',
    description:
      'The gravest first, then the latest. A finding that is reported again while you page moves to the front, and may then be seen twice or not at all.',
    query: z.strictObject({ ...filter, ...pageQuery }),
    answers: {
      200: {
        description: 'A page of findings.',
        content: findingPageSchema,
        example: { items: [findingExample], next: null },
      },
    },
    async run({ query, rooms }) {
      const { limit, cursor, state, minSeverity, asset, rule } = query
      const wanted = {
        ...(state !== undefined && { state }),
        ...(minSeverity !== undefined && { minSeverity }),
        ...(asset !== undefined && { asset }),
        ...(rule !== undefined && { rule }),
      }
      const body = await readPage(
        { limit, cursor },
        place,
        (after, most) => rooms.findings.list({ ...wanted, limit: most, ...(after !== undefined && { after }) }),
        ({ severity, lastSeen, id }) => ({ severity, lastSeen, id }),
      )
      return { status: 200, body }
    },
  }),
  route({
    operationId: 'getFinding',
    method: 'GET',
    path: '/findings/{id}',
    resource: 'findings',
    action: 'read',
    summary: 'Show a finding',
    description: 'With every step of its life, and where in the log each is.',
    params: z.strictObject({ id: findingId }),
    answers: {
      200: {
        description: 'The finding.',
        content: findingWithHistorySchema,
        example: {
          finding: findingExample,
          history: [{ state: 'open', at: findingExample.firstSeen, by: findingExample.rule, detail: 'found' }],
        },
      },
    },
    problems: [404],
    async run({ params, rooms }) {
      const finding = await rooms.findings.get(params.id)
      if (finding === undefined) throw new ApiError('not_found', 'There is no finding with this id.')
      return { status: 200, body: { finding, history: await rooms.findings.history(params.id) } }
    },
  }),
  route({
    operationId: 'transitionFinding',
    method: 'POST',
    path: '/findings/{id}/transitions',
    resource: 'findings',
    action: 'administer',
    summary: 'Move a finding to another state',
    description:
      'Who asks, when and why is put on record. `excepted` ends at `until`, after which the finding counts as open again.',
    params: z.strictObject({ id: findingId }),
    body: transitionSchema,
    bodyExample: { to: 'resolved', reason: 'the file was deleted' },
    answers: {
      200: { description: 'The finding as it is now.', content: findingSchema, example: findingExample },
    },
    problems: [404, 409],
    async run({ params, body, caller, rooms }) {
      const { to, reason, until } = body
      const by = caller.principal.id
      const why = { by, reason, ...(until !== undefined && { until }) }
      return { status: 200, body: await rooms.findings.transition(params.id, to, why) }
    },
  }),
]
