/** What is in a text: personal data, secrets, injection, canaries; in complete texts and in streams. */
export type { Actions, ActionTable } from './actions.ts'
export { canaries } from './canary.ts'
export type {
  Action,
  Category,
  Detector,
  Direction,
  Findings,
  InspectInput,
  Match,
  Source,
  StreamDetection,
  Verdict,
  Window,
} from './detector.ts'
export { InspectError, type InspectErrorCode } from './error.ts'
export type { Span } from './fold.ts'
export { injection } from './injection.ts'
export { createInspector, type Inspector, type InspectorOptions, type Scope } from './inspector.ts'
export { type Normalised, normalise } from './normalise.ts'
export { personalData } from './personal.ts'
export { secrets } from './secrets.ts'
export { detectorsFor, type InspectSettings, inspectSchema } from './settings.ts'
export type { StreamInspector, StreamOutput } from './stream.ts'
export type { View } from './views.ts'
