// api: the management API. Fastify, off the hot path; its OpenAPI document is made from the operations themselves.
// What serves it is loaded when somebody wants it: most commands do not, and most gateways neither.
import type { ZodType } from 'zod'
import type { ApiListener, ApiListenOptions } from './listen.ts'
import type { ApiRooms } from './rooms.ts'
import type { Scans, ScansOptions } from './scans/scans.ts'

export type { ApiAction, Resource } from './permissions.ts'
export type { ApiDecision } from './rooms.ts'
export { type ApiTables, apiMigrations } from './scans/migrations.ts'
export type { RunScan } from './scans/scans.ts'
export { apiSettings } from './settings.ts'
export type { ApiListener, ApiRooms }

/** Resolves when it accepts connections. @throws what `listen` throws */
export async function listenApi(rooms: ApiRooms, options: ApiListenOptions): Promise<ApiListener> {
  return (await import('./listen.ts')).listenApi(rooms, options)
}

/** Takes up the scans that a stop has interrupted. @throws StoreError */
export async function openScans(options: ScansOptions): Promise<Scans> {
  return (await import('./scans/scans.ts')).openScans(options)
}

/**
 * The OpenAPI document.
 *
 * @param version      of the program
 * @param explanation  how the explanation of an exchange looks: another room says it
 */
export async function describeApi(version: string, explanation: ZodType): Promise<Readonly<Record<string, unknown>>> {
  return (await import('./operations.ts')).describeApi(version, explanation)
}
