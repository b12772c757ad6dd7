// api: the management API. Fastify, off the hot path; its OpenAPI document is made from the operations themselves.
export { openApiDocument } from './document.ts'
export { type ApiListener, type ApiListenOptions, listenApi } from './listen.ts'
export { namedSchemas, operations } from './operations.ts'
export type { ApiDecision, ApiRooms } from './rooms.ts'
export { type ApiAction, apiActions, type Resource, resources } from './route.ts'
export { type ApiTables, apiMigrations } from './scans/migrations.ts'
export { openScans, type RunScan, type Scans } from './scans/scans.ts'
export { type ApiSettings, apiSettings } from './settings.ts'
