// Examples for the OpenAPI document. A test holds each against its schema.
const t = 1_795_000_000_000

export const keyExample = {
  id: 'key_3kq5x7bd2mfa6w4z',
  name: 'support-bot',
  principal: 'support-bot',
  tenant: 'acme',
  scopes: ['chat'],
  createdAt: t,
  expiresAt: t + 90 * 86_400_000,
}

export const findingExample = {
  id: 'fnd_5d1c1e0f6a1b4d0c9b8a7f6e5d4c3b2a',
  rule: 'artifacts/pickle/unsafe-call',
  asset: 'ast_0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  discriminator: '',
  severity: 'critical',
  title: 'Loading it runs code',
  techniques: [{ framework: 'atlas', id: 'AML.T0011.000' }],
  controls: [],
  evidence: [
    { kind: 'file', summary: 'model.pt!/archive/data.pkl calls os.system', digest: `sha256:${'ab'.repeat(32)}` },
  ],
  state: 'open',
  count: 1,
  firstSeen: t,
  lastSeen: t,
  logIndex: 42,
}

export const actionExample = {
  id: 'act_9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a49',
  kind: 'revoke_api_key',
  params: { keyId: keyExample.id },
  state: 'verified',
  isDryRun: false,
  effects: ["API key 'support-bot' is refused with 401 from now on; requests that are running end as they would have."],
  actor: 'security-team',
  reason: 'found in a public repository',
  idempotencyKey: 'incident-17',
  probe: { ok: true, detail: "authentication answers 'revoked'; the store says revoked" },
  isReversible: true,
  createdAt: t,
  updatedAt: t + 12,
  logIndex: 45,
}

export const assetExample = {
  id: findingExample.asset,
  kind: 'artifact',
  identity: `sha256:${'ab'.repeat(32)}`,
  name: 'model.pt',
  digest: `sha256:${'ab'.repeat(32)}`,
  owner: null,
  labels: {},
  firstSeen: t,
  lastSeen: t,
}

export const budgetExample = {
  account: { budget: 'team', per: 'tenant', subject: 'acme', period: 'month', unit: 'tokens' },
  window: { start: t, end: t + 30 * 86_400_000 },
  limit: 1_000_000,
  spent: 12_345,
  reserved: 2_000,
  left: 985_655,
  resetMs: 1_000_000,
}

export const entryExample = {
  index: 42,
  event: {
    class_uid: 3004,
    category_uid: 3,
    activity_id: 1,
    type_uid: 300_401,
    severity_id: 1,
    status_id: 1,
    time: t,
    metadata: { version: '1.8.0', uid: 'ev_0011223344556677' },
  },
}
