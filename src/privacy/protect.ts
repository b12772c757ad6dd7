// Protects the texts of one request: data in, data out, so that the vault may be in another process.
import { type ProtectedSpan, type Pseudonymised, pseudonymise } from './pseudonyms.ts'
import type { SessionName } from './sealed.ts'
import type { Vault } from './vault.ts'

export interface Protection {
  readonly session: SessionName
  readonly texts: readonly { readonly text: string; readonly spans: readonly ProtectedSpan[] }[]
  /** As in `PseudonymiseOptions`. */
  readonly recognise: boolean
}

/**
 * `pseudonymise` for each text in turn. What was masked is stored when this resolves.
 *
 * @throws PrivacyError as `pseudonymise`, `Vault.session` and `VaultSession.flush`; StoreError
 */
export async function protect(
  vault: Pick<Vault, 'session'>,
  { session: name, texts, recognise }: Protection,
): Promise<readonly Pseudonymised[]> {
  const session = await vault.session(name)
  const results = texts.map(({ text, spans }) => pseudonymise(text, spans, session, { recognise }))
  await session.flush()
  return results
}
