// Everything that is fuzzed.
import type { Target } from './engine/target.ts'
import { answers } from './targets/answers.ts'
import { audit } from './targets/audit.ts'
import { config } from './targets/config.ts'
import { identity } from './targets/identity.ts'
import { json } from './targets/json.ts'
import { requests } from './targets/requests.ts'
import { restorers } from './targets/restorer.ts'
import { answerScreens, streamScreens } from './targets/screens.ts'
import { sse } from './targets/sse.ts'
import { streams } from './targets/streams.ts'

export const targets: readonly Target[] = [
  ...[json, sse],
  ...[...requests, ...answers, ...streams],
  ...[...streamScreens, ...answerScreens, ...restorers],
  ...[...identity, ...audit, ...config],
]
