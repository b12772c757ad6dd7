// Loaded before a room's tests: lets them find `#store` on PostgreSQL.
import { registerHooks } from 'node:module'

const standIn = new URL('./store-on-postgres.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '#store' && context.parentURL !== standIn
      ? { url: standIn, shortCircuit: true }
      : next(specifier, context),
})
