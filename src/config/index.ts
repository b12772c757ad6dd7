// Loading the configuration file: references, errors with line and column, and the JSON Schema for editors.
// Each room exports its own zod schema, built with these; the server puts them together.

export { ConfigError, type ConfigErrorCode, type ConfigIssue } from './error.ts'
export { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
export { loadConfig, parseConfig, parseYaml } from './load.ts'
export { modelMatcher } from './name-patterns.ts'
export type { ConfigWorld } from './references.ts'
export { Secret, secretSchema } from './secret.ts'
export { durationMs, sizeBytes } from './units.ts'
export { systemWorld } from './world.ts'
