// api: the management API. Fastify, off the hot path; its OpenAPI document is made from the operations themselves.
export { type ApiListener, type ApiListenOptions, listenApi } from './listen.ts'
export { describeApi } from './operations.ts'
export type { ApiAction, Resource } from './permissions.ts'
export type { ApiDecision, ApiRooms } from './rooms.ts'
export { type ApiTables, apiMigrations } from './scans/migrations.ts'
export { openScans, type RunScan, type Scans } from './scans/scans.ts'
export { type ApiSettings, apiSettings } from './settings.ts'
