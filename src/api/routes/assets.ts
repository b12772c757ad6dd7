// The inventory and what is spent.
import { z } from 'zod'
import { type AssetKind, assetKinds } from '#inventory'
import { ApiError } from '../error.ts'
import { assetExample, budgetExample } from '../examples.ts'
import { pageOf, pageQuery, readPage } from '../pages.ts'
import { type Route, route } from '../route.ts'
import { assetSchema, assetWithEdgesSchema, budgetSchema } from '../schemas.ts'
import { idOf } from './input.ts'

export const assetPageSchema = pageOf(assetSchema, 'assets, by kind and identity')
export const budgetListSchema = z
  .strictObject({ items: z.array(budgetSchema) })
  .describe('Every account with a balance in a window that has not ended.')

const filter = {
  kind: z.enum(assetKinds).optional().describe('Only of this kind.'),
  owner: z.string().min(1).max(256).optional().describe('Only of this owner.'),
  digest: z.string().min(1).max(256).optional().describe('Only with this digest, as `sha256:…`.'),
}

const place = z.strictObject({ kind: z.enum(assetKinds), identity: z.string().min(1).max(2048) })

export const assetRoutes: readonly Route[] = [
  route({
    operationId: 'listAssets',
    method: 'GET',
    path: '/assets',
    resource: 'assets',
    action: 'read',
    summary: 'List assets',
    description: 'What is worth protecting, by kind and identity.',
    query: z.strictObject({ ...filter, ...pageQuery }),
    answers: {
      200: {
        description: 'A page of assets.',
        content: assetPageSchema,
        example: { items: [assetExample], next: null },
      },
    },
    async run({ query, rooms }) {
      const { limit, cursor, kind, owner, digest } = query
      const wanted = {
        ...(kind !== undefined && { kind: kind satisfies AssetKind }),
        ...(owner !== undefined && { owner }),
        ...(digest !== undefined && { digest }),
      }
      const body = await readPage(
        { limit, cursor },
        place,
        (after, most) => rooms.inventory.find({ ...wanted, limit: most, ...(after !== undefined && { after }) }),
        (asset) => ({ kind: asset.kind, identity: asset.identity }),
      )
      return { status: 200, body }
    },
  }),
  route({
    operationId: 'getAsset',
    method: 'GET',
    path: '/assets/{id}',
    resource: 'assets',
    action: 'read',
    summary: 'Show an asset',
    description: 'With the facts that join it to others: what it was made of, what it serves, who supplied it.',
    params: z.strictObject({ id: idOf(/^ast_[0-9a-f]{32}$/, 'An id of an asset, `ast_…`.') }),
    answers: {
      200: {
        description: 'The asset.',
        content: assetWithEdgesSchema,
        example: { asset: assetExample, out: [], in: [] },
      },
    },
    problems: [404],
    async run({ params, rooms }) {
      const asset = await rooms.inventory.get(params.id)
      if (asset === undefined) throw new ApiError('not_found', 'There is no asset with this id.')
      const [out, into] = [await rooms.inventory.edges(params.id, 'out'), await rooms.inventory.edges(params.id, 'in')]
      return { status: 200, body: { asset, out, in: into } }
    },
  }),
  route({
    operationId: 'listBudgets',
    method: 'GET',
    path: '/budgets',
    resource: 'budgets',
    action: 'read',
    summary: 'List budgets',
    description: 'What is spent, reserved and left in the windows of now, by budget, subject and unit.',
    answers: {
      200: { description: 'All of them.', content: budgetListSchema, example: { items: [budgetExample] } },
    },
    run: ({ rooms }) => ({ status: 200, body: { items: rooms.listBudgets() } }),
  }),
]
