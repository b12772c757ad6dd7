// From what the gateway stopped to a finding: the loop's first turn. One finding for each key or subject and kind, counted up.
import type { Findings, Technique } from '#findings'
import type { Detection } from '#gateway'
import type { Inventory } from '#inventory'
import type { World } from './world.ts'

/** MITRE ATLAS 5.6 and OWASP Top 10 for LLM applications 2025, by category of detector. */
const techniques: Readonly<Record<string, readonly Technique[]>> = {
  injection: [
    { framework: 'atlas', id: 'AML.T0051' },
    { framework: 'owasp-llm', id: 'LLM01:2025' },
  ],
  canary: [
    { framework: 'atlas', id: 'AML.T0056' },
    { framework: 'owasp-llm', id: 'LLM07:2025' },
  ],
  secret: [
    { framework: 'atlas', id: 'AML.T0057' },
    { framework: 'owasp-llm', id: 'LLM02:2025' },
  ],
  personal: [
    { framework: 'atlas', id: 'AML.T0057' },
    { framework: 'owasp-llm', id: 'LLM02:2025' },
  ],
}

/** More than this at once are dropped: a flood of attacks is one finding already, and must not fill the memory. */
const maxRunning = 100

export interface Detections {
  /** Never throws and never waits. */
  detected(detection: Detection): void
  /** Resolves when everything taken so far is stored. */
  settled(): Promise<void>
}

export function createDetections(findings: Findings, inventory: Inventory, world: World): Detections {
  const running = new Set<Promise<void>>()
  const store = async ({ exchange, principal, verdict }: Detection) => {
    const { detector, kind, category, direction, path, score } = verdict
    const { id } = await inventory.upsert({
      kind: principal.kind === 'jwt' ? 'principal' : 'api_key',
      identity: principal.keyId,
      name: principal.name,
      owner: principal.kind === 'jwt' ? null : principal.id,
    })
    await findings.report({
      rule: `${detector}.${kind}`,
      asset: id,
      discriminator: direction,
      severity: direction === 'response' ? 'high' : 'medium',
      title: `${category} (${kind.replaceAll('_', ' ')}) stopped in a ${direction}`,
      techniques: [...(techniques[category] ?? [])],
      evidence: [{ kind: 'exchange', summary: `exchange ${exchange}, ${path}, score ${score}` }],
    })
  }
  return {
    detected(detection) {
      if (running.size >= maxRunning) return
      const stored = store(detection)
        .catch((error) => world.report('a finding could not be stored', error))
        .finally(() => running.delete(stored))
      running.add(stored)
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
