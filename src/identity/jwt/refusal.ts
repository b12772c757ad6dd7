// Why a token is refused. The code is for the log and for scripts; clients are told none of it.

export type TokenRefusalCode =
  /** Not three parts of canonical base64url with JSON objects in them, each key once. */
  | 'token_malformed'
  | 'token_too_large'
  /** A header parameter that brings keys along or changes how the token is read: `jku`, `jwk`, `x5c`, `crit`, … */
  | 'token_header'
  /** `alg` is not among the issuer's algorithms. */
  | 'token_algorithm'
  /** `typ` is not among the issuer's types. */
  | 'token_type'
  | 'token_issuer'
  /** The issuer's keys have none that fits `kid` and `alg`. */
  | 'token_key_unknown'
  /** More than one key fits. */
  | 'token_key_ambiguous'
  /** The issuer's keys are not there, or too old to be trusted. */
  | 'token_keys_unavailable'
  | 'token_signature'
  /** A registered claim is missing or of the wrong kind. */
  | 'token_claims'
  | 'token_audience'
  /** It names other audiences beside ours, who could use it here. */
  | 'token_other_audience'
  /** An ID token or a logout token, which says who logged in and allows nothing. */
  | 'token_not_access'
  | 'token_client'
  | 'token_subject'
  | 'token_tenant'
  | 'token_scopes'
  /** A configured claim is not of the configured type. */
  | 'token_claim_type'
  | 'token_required_claim'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'

/** Inside this room a refusal travels as an exception, from whichever check finds it to the one place that answers. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly code: TokenRefusalCode

  /** @param detail in plain words, for whoever holds the token; it may quote the token, so it is never logged */
  constructor(code: TokenRefusalCode, detail: string) {
    super(detail)
    this.code = code
  }
}
