// What the management API asks policies about.

/** What policies decide about: `Holdfast::Api::"keys"` and so on. */
export const resources = [
  'document',
  'keys',
  'findings',
  'actions',
  'budgets',
  'assets',
  'events',
  'log',
  'exchanges',
  'scans',
] as const
export type Resource = (typeof resources)[number]

/** `read` changes nothing, `scan` has a file judged, `administer` changes who may do what, or what is done. */
export const apiActions = ['read', 'scan', 'administer'] as const
export type ApiAction = (typeof apiActions)[number]
