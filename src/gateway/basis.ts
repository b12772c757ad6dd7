// What a decision of policy rests on, apart from the question: the policies, the configuration, and the caller as Cedar
// sees it. It is the same for thousands of exchanges, so it is put on record once, and each decision names its digest.
import { entityManagement } from '#audit'
import { sha256Hex } from '#crypto'
import type { EntityJson, EntityUidJson } from '#policy'
import type { House } from './house.ts'

export interface Basis {
  /** Digest of the policies. */
  readonly policies: string
  /** Digest of the configuration. */
  readonly configuration: string
  readonly principal: EntityUidJson
  /** The principal and what is above it. */
  readonly entities: readonly EntityJson[]
  /** What of the entities is not on record; then the decision cannot be taken again from the log. */
  readonly withheld?: readonly string[]
}

/** A basis and its digest: SHA-256, hex, over its JSON. */
export interface DigestedBasis {
  readonly digest: string
  readonly basis: Basis
  readonly tenant: string
}

/** How a decision names its basis: by digest, and by its index in the log once that is known. */
export interface BasisReference {
  readonly basis: string
  readonly entry?: number
}

export const basisType = 'policy_basis'

/** @param basis  as it is; what must not go on record is taken out here */
export function digestBasis(basis: Basis, tenant: string, recordClaims: boolean): DigestedBasis {
  const kept = fitting(recordClaims ? basis : withoutClaims(basis))
  return { basis: kept, digest: sha256Hex(JSON.stringify(kept)), tenant }
}

/** Puts the basis on record when this house has not, in front of the decision that is recorded next. */
export function referTo(
  { digest, basis, tenant }: DigestedBasis,
  house: Pick<House, 'record' | 'now' | 'randomBytes'>,
): BasisReference {
  const known = onRecord.get(house) ?? new Map<string, BasisReference>()
  onRecord.set(house, known)
  const found = known.get(digest)
  if (found !== undefined) return found
  // Forgetting costs a second entry, no more.
  if (known.size >= maxKnown) known.clear()
  const reference = { basis: digest }
  known.set(digest, reference)
  const entity = { uid: digest, type: basisType, data: { ...basis } }
  house
    .record(
      entityManagement({
        time: house.now(),
        uid: `ev_${Buffer.from(house.randomBytes(16)).toString('hex')}`,
        tenant,
        activity: 'create',
        entity,
        actor: { principal: 'holdfast', kind: 'system' },
        status: 'success',
      }),
    )
    .then(
      (place) => {
        const entry = indexIn(place)
        if (entry !== undefined) known.set(digest, { basis: digest, entry })
      },
      // The next exchange tries again.
      () => known.delete(digest),
    )
  return reference
}

const onRecord = new WeakMap<Pick<House, 'record'>, Map<string, BasisReference>>()
const maxKnown = 10_000
// An entry of the log holds 65,535 bytes.
const maxBasisLength = 48 * 1024

/** Claims say who somebody is, in the words of their issuer: they are on record only where the operator says so. */
function withoutClaims(basis: Basis): Basis {
  let isChanged = false
  const entities = basis.entities.map(({ uid, attrs = {}, parents = [], tags = {} }) => {
    const { claims, ...rest } = attrs
    isChanged ||= claims !== undefined || Object.keys(tags).length > 0
    return { uid, attrs: rest, parents }
  })
  return isChanged ? { ...basis, entities, withheld: ['claims'] } : basis
}

function fitting(basis: Basis): Basis {
  if (JSON.stringify(basis).length <= maxBasisLength) return basis
  return { ...basis, entities: [], withheld: ['entities'] }
}

/** A log in another process may not say where the entry went. */
function indexIn(place: unknown): number | undefined {
  if (typeof place !== 'object' || place === null || !('index' in place)) return undefined
  return typeof place.index === 'number' ? place.index : undefined
}
