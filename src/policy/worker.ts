// The thread that has Cedar: one message with the sources comes in, one with the reply goes out (see thread.ts).
import { parentPort } from 'node:worker_threads'
import { checkPolicies, type PolicySources } from './check.ts'
import { PolicyError } from './errors.ts'
import type { Reply } from './protocol.ts'

parentPort?.once('message', (sources: PolicySources) => parentPort?.postMessage(JSON.stringify(answer(sources))))

function answer(sources: PolicySources): Reply {
  try {
    return { checked: checkPolicies(sources) }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return { code: error.code, issues: error.issues }
  }
}
