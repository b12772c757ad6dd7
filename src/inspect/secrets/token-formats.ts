/**
 * Credentials that their issuers made recognisable: a fixed prefix and a body of known alphabet and length. Facts from
 * the issuers' documentation; one line a format.
 */
import { ALNUM, BASE64_EXTRA, BASE64URL, DIGIT, DOT, JOINER, UPPER } from '../characters.ts'
import { isIdentifier, isPlaceholder } from './plausible.ts'

export interface TokenFormat {
  readonly kind: string
  readonly prefixes: readonly string[]
  /** Character classes of the body; the body is the whole run of them. */
  readonly body: number
  /** Shortest and longest body; a longer run is no such token. Without `max` the run may be of any length. */
  readonly min: number
  readonly max?: number
  /** The prefix cannot occur inside a word by accident, so it counts there as well. */
  readonly isDistinctive?: boolean
  /** Further rule for the body without trailing dots. */
  readonly accept?: (body: string) => boolean
}

const HEX = /^[0-9a-f]+$/i

export const TOKEN_FORMATS: readonly TokenFormat[] = [
  { kind: 'aws_access_key', prefixes: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], body: UPPER | DIGIT, min: 16, max: 16 },
  {
    kind: 'github_token',
    prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    body: BASE64URL | DOT,
    min: 36,
    isDistinctive: true,
  },
  { kind: 'github_token', prefixes: ['github_pat_'], body: BASE64URL, min: 40, isDistinctive: true },
  {
    kind: 'gitlab_token',
    prefixes: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-', 'gloas-', 'glsoat-', 'glimt-'],
    body: BASE64URL | DOT,
    min: 20,
    isDistinctive: true,
  },
  {
    kind: 'slack_token',
    prefixes: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxo-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxc-', 'xoxd-', 'xoxe.', 'xapp-'],
    body: BASE64URL | DOT,
    min: 20,
    isDistinctive: true,
    accept: hasDigit,
  },
  {
    kind: 'slack_webhook',
    prefixes: ['hooks.slack.com/services/', 'hooks.slack.com/workflows/'],
    body: ALNUM | BASE64_EXTRA,
    min: 30,
  },
  {
    kind: 'stripe_key',
    prefixes: ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_'],
    body: ALNUM,
    min: 16,
    isDistinctive: true,
  },
  { kind: 'stripe_key', prefixes: ['whsec_'], body: BASE64URL | BASE64_EXTRA, min: 24, isDistinctive: true },
  { kind: 'anthropic_key', prefixes: ['sk-ant-'], body: BASE64URL, min: 24, isDistinctive: true },
  {
    kind: 'openai_key',
    prefixes: ['sk-proj-', 'sk-svcacct-', 'sk-admin-'],
    body: BASE64URL,
    min: 20,
    isDistinctive: true,
    accept: isMixed,
  },
  { kind: 'openrouter_key', prefixes: ['sk-or-v1-'], body: ALNUM, min: 32, isDistinctive: true },
  { kind: 'openai_key', prefixes: ['sk-'], body: BASE64URL, min: 20, accept: isMixed },
  { kind: 'google_api_key', prefixes: ['AIza'], body: BASE64URL, min: 35, max: 35 },
  { kind: 'google_oauth_secret', prefixes: ['GOCSPX-'], body: BASE64URL, min: 24, isDistinctive: true },
  { kind: 'google_oauth_token', prefixes: ['ya29.'], body: BASE64URL | DOT, min: 30 },
  { kind: 'npm_token', prefixes: ['npm_'], body: ALNUM, min: 36, max: 48, isDistinctive: true },
  { kind: 'pypi_token', prefixes: ['pypi-AgE'], body: BASE64URL, min: 48, isDistinctive: true },
  { kind: 'rubygems_token', prefixes: ['rubygems_'], body: ALNUM, min: 48, isDistinctive: true },
  { kind: 'docker_token', prefixes: ['dckr_pat_', 'dckr_oat_'], body: BASE64URL, min: 24, isDistinctive: true },
  { kind: 'huggingface_token', prefixes: ['hf_', 'api_org_'], body: ALNUM, min: 30, max: 48 },
  {
    kind: 'sendgrid_key',
    prefixes: ['SG.'],
    body: BASE64URL | DOT,
    min: 60,
    accept: (body) => /^[\w-]{16,32}\.[\w-]{32,64}$/.test(body),
  },
  { kind: 'groq_key', prefixes: ['gsk_'], body: ALNUM, min: 40, isDistinctive: true },
  { kind: 'xai_key', prefixes: ['xai-'], body: ALNUM, min: 60 },
  { kind: 'replicate_token', prefixes: ['r8_'], body: ALNUM, min: 36, max: 40 },
  { kind: 'perplexity_key', prefixes: ['pplx-'], body: ALNUM, min: 40, isDistinctive: true },
  { kind: 'nvidia_key', prefixes: ['nvapi-'], body: BASE64URL, min: 40, isDistinctive: true },
  { kind: 'pinecone_key', prefixes: ['pcsk_'], body: BASE64URL, min: 40, isDistinctive: true },
  { kind: 'langsmith_key', prefixes: ['lsv2_pt_', 'lsv2_sk_'], body: BASE64URL, min: 32, isDistinctive: true },
  {
    kind: 'databricks_token',
    prefixes: ['dapi'],
    body: ALNUM | JOINER,
    min: 32,
    max: 36,
    accept: (body) => /^[0-9a-f]{32}(?:-\d)?$/.test(body),
  },
  { kind: 'vault_token', prefixes: ['hvs.', 'hvb.', 'hvr.'], body: BASE64URL, min: 24 },
  {
    kind: 'digitalocean_token',
    prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    body: ALNUM,
    min: 64,
    max: 64,
    isDistinctive: true,
  },
  {
    kind: 'shopify_token',
    prefixes: ['shpat_', 'shpss_', 'shpca_', 'shppa_'],
    body: ALNUM,
    min: 32,
    max: 40,
    isDistinctive: true,
  },
  { kind: 'twilio_key', prefixes: ['SK'], body: ALNUM, min: 32, max: 32, accept: (body) => HEX.test(body) },
  { kind: 'mailgun_key', prefixes: ['key-'], body: ALNUM, min: 32, max: 32, accept: (body) => HEX.test(body) },
  { kind: 'grafana_token', prefixes: ['glsa_', 'glc_'], body: BASE64URL | BASE64_EXTRA, min: 32 },
  {
    kind: 'sentry_token',
    prefixes: ['sntrys_', 'sntryu_'],
    body: BASE64URL | BASE64_EXTRA,
    min: 40,
    isDistinctive: true,
  },
  { kind: 'linear_key', prefixes: ['lin_api_', 'lin_oauth_'], body: ALNUM, min: 40, isDistinctive: true },
  { kind: 'notion_token', prefixes: ['ntn_'], body: ALNUM, min: 40 },
  { kind: 'postman_key', prefixes: ['PMAK-'], body: BASE64URL, min: 50, isDistinctive: true },
  { kind: 'tailscale_key', prefixes: ['tskey-'], body: BASE64URL, min: 24, isDistinctive: true, accept: isMixed },
  { kind: 'atlassian_token', prefixes: ['ATATT3'], body: BASE64URL | BASE64_EXTRA, min: 100 },
  {
    kind: 'age_key',
    prefixes: ['AGE-SECRET-KEY-1', 'AGE-SECRET-KEY-PQ-1'],
    body: UPPER | DIGIT,
    min: 50,
    isDistinctive: true,
  },
  { kind: 'holdfast_key', prefixes: ['hold_'], body: ALNUM, min: 40, isDistinctive: true },
]

function hasDigit(body: string): boolean {
  return /\d/.test(body)
}

/** For prefixes short enough to begin a hyphenated name: letters and digits, and not words. */
function isMixed(body: string): boolean {
  return hasDigit(body) && /[a-zA-Z]/.test(body) && !isIdentifier(body)
}

/** A body is judged by as much; a placeholder shows earlier. */
const MAX_JUDGED = 128

/** Whether [start, end) of the text, cut by the format's alphabet, is the body of a real token. */
export function isToken(format: TokenFormat, text: string, start: number, end: number): boolean {
  if (end - start < format.min || end - start > (format.max ?? end)) return false
  const body = text.slice(start, Math.min(end, start + MAX_JUDGED))
  return !isPlaceholder(body) && (format.accept?.(body) ?? true)
}
