// server: the composition root. Builds an installation and its gateway, and lets commands administer one.
export type { Administration, RevokeKey } from './administration.ts'
export { type DemoModel, startDemoModel } from './demo-model.ts'
export { furnish, type Holdfast, type ReadSettings, readSettings, startHoldfast } from './holdfast.ts'
export { type Installation, makeDataFolder, openInstallation } from './installation.ts'
export { openAdministration, refuseSecond } from './open-administration.ts'
export { ensurePolicies, readPolicies } from './policies.ts'
export { type Settings, settingsSchema } from './settings.ts'
export { systemWorld, type World } from './world.ts'
