// The log entries of those who were refused before it was known who they are: the first of them one by one, the others
// as a sum, so that nobody who is nobody can fill the log.
import { apiActivity } from '#audit'
import type { Unrecorded } from '#limits'
import type { Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

/** Whether a refusal of somebody unknown gets an entry of its own; it is counted against its address in any case. */
export function hasOwnEntry(
  house: House,
  client: string,
  { status, code }: Pick<Refusal, 'status' | 'code'>,
): boolean | Promise<boolean> {
  // What is our own fault is not held against anybody.
  return status >= 500 ? true : house.addresses.failed(client, code)
}

/** Writes what had no entry of its own since the last time. Never rejects. */
export async function recordUnrecorded(house: House): Promise<void> {
  try {
    for (const sum of await house.addresses.drain()) await house.note(entryOf(house, sum))
  } catch (error) {
    house.report('refused requests could not be summed up in the log', error)
  }
}

function entryOf(house: House, { network, count, codes, since }: Unrecorded) {
  const id = `sum_${Buffer.from(house.randomBytes(16)).toString('hex')}`
  return apiActivity({
    time: house.now(),
    uid: id,
    phase: 'decision',
    exchange: id,
    operation: 'unknown',
    request: { method: 'unknown', path: 'unknown' },
    sourceCommitment: network && house.commitment(network),
    status: 'failure',
    statusCode: 'refused_unidentified',
    action: 'denied',
    rule: 'guard: refused_unidentified',
    scan: 'not_applicable',
    details: { count, codes, since },
  })
}
