// Actions: what was done, and taking it back.
import { z } from 'zod'
import { ApiError } from '../error.ts'
import { actionExample } from '../examples.ts'
import { pageOf, pageQuery, readPage } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { actionSchema, actionStates, actionWithHistorySchema } from '../schemas.ts'
import { idOf, reason } from './input.ts'

export const actionPageSchema = pageOf(actionSchema, 'actions, the latest first')

const filter = {
  kind: z.string().min(1).max(64).optional().describe('Only of this kind, as `revoke_api_key`.'),
  state: z.enum(actionStates).optional().describe('Only in this state.'),
  unfinished: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true`: only what is under way, or was interrupted by a crash and waits to be resumed.'),
}

const place = z.strictObject({ createdAt: z.number(), id: z.string().max(64) })
const actionId = idOf(/^act_[0-9a-f]{32}$/, 'An id of an action, `act_…`.')

export const actionRoutes: readonly Route[] = [
  route({
    operationId: 'listActions',
    method: 'GET',
    path: '/actions',
    resource: 'actions',
    action: 'read',
    summary: 'List actions',
    description: 'The latest first, dry runs included.',
    query: z.strictObject({ ...filter, ...pageQuery }),
    answers: {
      200: {
        description: 'A page of actions.',
        content: actionPageSchema,
        example: { items: [actionExample], next: null },
      },
    },
    async run({ query, rooms }) {
      const { limit, cursor, kind, state, unfinished } = query
      const wanted = {
        unfinished: unfinished === 'true',
        ...(kind !== undefined && { kind }),
        ...(state !== undefined && { state }),
      }
      const body = await readPage(
        { limit, cursor },
        place,
        (after, most) => rooms.actions.list({ ...wanted, limit: most, ...(after !== undefined && { after }) }),
        ({ createdAt, id }) => ({ createdAt, id }),
      )
      return { status: 200, body }
    },
  }),
  route({
    operationId: 'getAction',
    method: 'GET',
    path: '/actions/{id}',
    resource: 'actions',
    action: 'read',
    summary: 'Show an action',
    description: 'With every step, and where in the log each is.',
    params: z.strictObject({ id: actionId }),
    answers: {
      200: {
        description: 'The action.',
        content: actionWithHistorySchema,
        example: {
          action: actionExample,
          history: [
            { state: 'planned', at: actionExample.createdAt, by: 'security-team', detail: 'nothing has changed yet' },
          ],
        },
      },
    },
    problems: [404],
    async run({ params, rooms }) {
      const action = await rooms.actions.get(params.id)
      if (action === undefined) throw new ApiError('not_found', 'There is no action with this id.')
      return { status: 200, body: { action, history: await rooms.actions.history(params.id) } }
    },
  }),
  route({
    operationId: 'invertAction',
    method: 'POST',
    path: '/actions/{id}/inversion',
    resource: 'actions',
    action: 'administer',
    summary: 'Take an action back',
    description:
      'Runs the action that restores what was there before, and proves it. Asking again gives the same inverse. The answer is the record of the inverse.',
    params: z.strictObject({ id: actionId }),
    body: z.strictObject({ reason }),
    bodyExample: { reason: 'the key was not leaked after all' },
    answers: {
      200: { description: 'The inverse.', content: actionSchema, example: actionExample },
    },
    problems: [404, 409],
    async run({ params, body, caller, rooms }) {
      const who = { actor: caller.principal.id, reason: body.reason }
      return { status: 200, body: await rooms.actions.invert(params.id, who) }
    },
  }),
]
