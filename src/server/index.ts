// server: the composition root. Builds an installation and its gateway, and lets commands administer one.
export type { ActionWithHistory, Administration, FindingWithHistory, RevokeKey } from './administration.ts'
export {
  backUp,
  checkInstallation,
  type InstallationReport,
  migrateStore,
  type Place,
  restoreInstallation,
} from './backups.ts'
export { type ReadSettings, readSettings } from './configuration.ts'
export { connectControl } from './control.ts'
export { type DemoModel, startDemoModel } from './demo-model.ts'
export { explainLogged } from './explain.ts'
export { artifactFetcher } from './fetch-artifact.ts'
export { furnish } from './furnish.ts'
export { type HealthReport, healthText } from './health.ts'
export { type Holdfast, type StartOptions, startHoldfast } from './holdfast.ts'
export { type Installation, makeDataFolder, openInstallation } from './installation.ts'
export { createTokenDoor, examineToken } from './issuers.ts'
export { createLogger } from './logger.ts'
export { createExchangeMeter } from './metrics/exchanges.ts'
export { createRegistry } from './metrics/registry.ts'
export { createNotifier } from './notify.ts'
export { openAdministration, refuseSecond } from './open-administration.ts'
export type { Operations } from './operations.ts'
export { ensurePolicies, readPolicies } from './policies.ts'
export { diskReader } from './recording.ts'
export { type Configured, type ReloadResult, readConfigured } from './reload.ts'
export { type Settings, settingsSchema } from './settings.ts'
export { shareRooms } from './shared.ts'
export { storeSchema } from './store.ts'
export { createUpstreams } from './upstreams.ts'
export { version } from './version.ts'
export { systemWorld, type World } from './world.ts'
