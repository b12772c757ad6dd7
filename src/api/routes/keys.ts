// API keys: who may ask.
import { z } from 'zod'
import { actionExample, keyExample } from '../examples.ts'
import { actorOf } from '../on-record.ts'
import { pageOf, pageQuery, readPage } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { actionSchema, createdKeySchema, keySchema } from '../schemas.ts'
import { idempotency, idempotencyKeyOf, idOf, reason } from './input.ts'

export const keyPageSchema = pageOf(keySchema, 'API keys, oldest first')

const newKeySchema = z.strictObject({
  name: z.string().min(1).max(128).describe('What it is for, in printable characters.'),
  principal: z.string().min(1).max(128).describe('Who it acts for.'),
  tenant: z.string().max(63).default('default').describe('Whose data it works on.'),
  scopes: z
    .array(z.string().max(64))
    .max(64)
    .default([])
    .describe('What policies read. The default policies know chat, embeddings, scan, audit and admin.'),
  expiresAt: z
    .int()
    .min(0)
    .optional()
    .describe('ms since the epoch, in the future; without it the key does not expire.'),
})

const revocationSchema = z.strictObject({
  reason,
  dryRun: z.boolean().default(false).describe('Only say what it would do.'),
})

const place = z.strictObject({ createdAt: z.number(), id: z.string() })
const keyId = idOf(/^key_[a-z2-7]{16}$/, 'An id of a key, `key_…`.')

export const keyRoutes: readonly Route[] = [
  route({
    operationId: 'listKeys',
    method: 'GET',
    path: '/keys',
    resource: 'keys',
    action: 'read',
    summary: 'List API keys',
    description: 'All keys, oldest first, also those that are revoked or have expired. Never their secrets.',
    query: z.strictObject(pageQuery),
    answers: {
      200: {
        description: 'A page of keys.',
        content: keyPageSchema,
        example: { items: [keyExample], next: null },
      },
    },
    async run({ query, rooms }) {
      const body = await readPage(
        query,
        place,
        (after, limit) =>
          rooms.keys
            .list()
            .filter(
              ({ createdAt, id }) =>
                after === undefined || createdAt > after.createdAt || (createdAt === after.createdAt && id > after.id),
            )
            .slice(0, limit),
        ({ createdAt, id }) => ({ createdAt, id }),
      )
      return { status: 200, body }
    },
  }),
  route({
    operationId: 'createKey',
    method: 'POST',
    path: '/keys',
    resource: 'keys',
    action: 'administer',
    summary: 'Create an API key',
    description:
      'The key works, in every worker, when the answer arrives. Its secret is shown by this answer and never again: only its SHA-256 is stored.',
    body: newKeySchema,
    bodyExample: { name: 'support-bot', principal: 'support-bot', tenant: 'acme', scopes: ['chat'] },
    answers: {
      201: {
        description: 'The key, with its secret.',
        content: createdKeySchema,
        example: { secret: `hold_${'a'.repeat(59)}`, key: keyExample },
      },
    },
    async run({ body, caller, rooms }) {
      const { expiresAt, ...rest } = body
      const input = { ...rest, ...(expiresAt !== undefined && { expiresAt }) }
      return { status: 201, body: await rooms.keys.create(input, actorOf(caller.principal)) }
    },
  }),
  route({
    operationId: 'revokeKey',
    method: 'POST',
    path: '/keys/{id}/revocation',
    resource: 'keys',
    action: 'administer',
    summary: 'Revoke an API key',
    description:
      'Refuses the key from now on, in every worker, and proves it by asking the door. The answer is the action, which `/actions/{id}/inversion` takes back. With `dryRun` it is only planned.',
    params: z.strictObject({ id: keyId }),
    headers: idempotency,
    body: revocationSchema,
    bodyExample: { reason: 'found in a public repository', dryRun: false },
    answers: { 200: { description: 'The action.', content: actionSchema, example: actionExample } },
    problems: [404, 409],
    async run({ params, headers, body, caller, rooms }) {
      const record = await rooms.keys.revoke({
        id: params.id,
        reason: body.reason,
        actor: caller.principal.id,
        dryRun: body.dryRun,
        idempotencyKey: idempotencyKeyOf(headers['idempotency-key'], caller),
      })
      return { status: 200, body: record }
    },
  }),
]
