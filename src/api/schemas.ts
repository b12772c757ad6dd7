// How the things of the rooms look in answers. Times are ms since the epoch. A member that is missing is not known.
import { z } from 'zod'
import { findingStates, severities } from '#findings'
import { assetKinds, relations } from '#inventory'

const time = z.int().min(0)
const at = (what: string) => time.describe(`${what}, ms since the epoch.`)
const logIndex = z.int().min(0).describe('Its entry in the log; `/log/entries/{index}/proof` proves it.')

export const keySchema = z
  .strictObject({
    id: z.string().describe('`key_…`'),
    name: z.string().describe('What it is for.'),
    principal: z.string().describe('Who it acts for.'),
    tenant: z.string(),
    scopes: z.array(z.string()).describe('What policies read.'),
    createdAt: at('When it was made'),
    expiresAt: at('When it stops working').optional(),
    revokedAt: at('When it was revoked').optional(),
  })
  .describe('An API key, without its secret, which is stored nowhere.')

export const createdKeySchema = z
  .strictObject({
    secret: z.string().describe('The key itself. This answer is the only one that ever shows it.'),
    key: keySchema,
  })
  .describe('A new API key.')

export const findingSchema = z
  .strictObject({
    id: z.string().describe('`fnd_…`: the same rule, asset and discriminator are the same finding.'),
    rule: z.string().describe('Who found it.'),
    asset: z.string().describe('The asset that it is about.'),
    discriminator: z.string(),
    severity: z.enum(severities),
    title: z.string(),
    description: z.string().optional(),
    techniques: z
      .array(z.strictObject({ framework: z.enum(['atlas', 'attack', 'owasp-llm']), id: z.string() }))
      .describe('MITRE ATLAS, MITRE ATT&CK, OWASP Top 10 for LLM applications.'),
    controls: z.array(z.string()),
    evidence: z
      .array(
        z.strictObject({
          kind: z.string(),
          summary: z.string(),
          logIndex: z.int().min(0).optional(),
          digest: z.string().optional(),
        }),
      )
      .describe('The first and the latest, at most 20.'),
    state: z.enum(findingStates),
    until: at('When the exception ends').optional(),
    count: z.int().min(1).describe('How often it was reported.'),
    firstSeen: at('When it was first reported'),
    lastSeen: at('When it was last reported'),
    logIndex: logIndex.optional(),
  })
  .describe('Something that is wrong with an asset.')

export const changeSchema = z
  .strictObject({
    state: z.string(),
    at: at('When'),
    by: z.string(),
    detail: z.string(),
    logIndex: logIndex.optional(),
  })
  .describe('One step in the life of a finding or an action.')

export const findingWithHistorySchema = z
  .strictObject({ finding: findingSchema, history: z.array(changeSchema) })
  .describe('A finding and what became of it.')

export const actionStates = ['planned', 'applying', 'applied', 'verified', 'failed', 'inverted'] as const

export const actionSchema = z
  .strictObject({
    id: z.string().describe('`act_…`'),
    kind: z.string().describe('What is done, as `revoke_api_key`.'),
    params: z.unknown(),
    state: z
      .enum(actionStates)
      .describe('`verified`: its probe has seen the effect. One that stays between is to be resumed or abandoned.'),
    isDryRun: z.boolean().describe('Only planned: nothing was changed.'),
    effects: z.array(z.string()).describe('What is different by it, for people.'),
    actor: z.string(),
    reason: z.string(),
    idempotencyKey: z.string(),
    probe: z
      .strictObject({ ok: z.boolean(), detail: z.string() })
      .optional()
      .describe('What was seen at the place where the effect is meant to be felt.'),
    error: z.string().optional(),
    inverts: z.string().optional().describe('The action that this one takes back.'),
    invertedBy: z.string().optional().describe('The action that has taken this one back.'),
    isReversible: z.boolean(),
    createdAt: at('When it was planned'),
    updatedAt: at('When its state changed'),
    expiresAt: at('When it is taken back by itself').optional(),
    logIndex: logIndex.optional(),
  })
  .describe('Something that was done about something: planned, applied, proved by a probe, and perhaps taken back.')

export const actionWithHistorySchema = z
  .strictObject({ action: actionSchema, history: z.array(changeSchema) })
  .describe('An action and its steps.')

export const budgetSchema = z
  .strictObject({
    account: z.strictObject({
      budget: z.string().describe('Its name in the configuration.'),
      per: z.string(),
      subject: z.string().describe('Whose it is; empty when it is everybody’s.'),
      period: z.string(),
      unit: z.string().describe('`cost` is in micro-units: millionths of the currency of the price list.'),
    }),
    window: z.strictObject({ start: at('From'), end: at('To') }),
    limit: z.number(),
    spent: z.number(),
    reserved: z.number().describe('By exchanges that are running.'),
    left: z.number(),
    resetMs: z.number().describe('Until the window ends, ms.'),
  })
  .describe('What is spent in one window of a budget.')

export const assetSchema = z
  .strictObject({
    id: z.string().describe('`ast_…`, made of kind and identity: the same on every installation.'),
    kind: z.enum(assetKinds),
    identity: z.string().describe('What it is called where it lives; unique within its kind.'),
    name: z.string(),
    digest: z.string().nullable(),
    owner: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    firstSeen: at('When it was first seen'),
    lastSeen: at('When it was last seen'),
  })
  .describe('Something worth protecting.')

const edgeSchema = z
  .strictObject({
    from: z.string(),
    to: z.string(),
    relation: z.enum(relations).describe('Read as: `from` … `to`.'),
    source: z.string().describe('Who says so.'),
    firstSeen: time,
    lastSeen: time,
  })
  .describe('A fact about two assets.')

export const assetWithEdgesSchema = z
  .strictObject({
    asset: assetSchema,
    out: z.array(edgeSchema).describe('What it says of others.'),
    in: z.array(edgeSchema).describe('What others say of it.'),
  })
  .describe('An asset and its neighbours.')

export const entrySchema = z
  .strictObject({
    index: z.int().min(0),
    event: z
      .looseObject({
        class_uid: z.int(),
        category_uid: z.int(),
        activity_id: z.int(),
        type_uid: z.int(),
        severity_id: z.int(),
        status_id: z.int(),
        time: z.number(),
        metadata: z.looseObject({ version: z.string(), uid: z.string() }),
      })
      .describe('OCSF 1.8.0.'),
  })
  .describe('An entry of the log.')
