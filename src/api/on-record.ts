// How calls of the API stand in the log: API activity (OCSF 6003), like exchanges with models.
import { type Actor, apiActivity, type OcsfEvent } from '#audit'
import type { Principal } from '#identity'
import type { ApiError } from './error.ts'
import { apiErrors } from './error.ts'

export interface LoggedCall {
  /** Id of the request. */
  readonly id: string
  /** undefined for what is no operation. */
  readonly operationId: string | undefined
  readonly method: string
  /** The path of the operation, with its parameters as they came; undefined for what is none. */
  readonly path: string | undefined
  readonly isChange: boolean
  readonly principal: Principal | undefined
  /** A keyed commitment to the client's address. */
  readonly source: string | undefined
}

export function actorOf(principal: Principal): Actor {
  const { id, keyId } = principal
  return principal.kind === 'jwt'
    ? { principal: id, keyId: principal.tokenId ?? keyId, kind: 'unknown' }
    : { principal: id, keyId, kind: 'service' }
}

/** It may be done, and is about to be. */
export function allowedEvent(call: LoggedCall, rule: string, time: number): OcsfEvent {
  return apiActivity({ ...common(call, time), phase: 'decision', status: 'success', action: 'allowed', rule })
}

export function refusedEvent(call: LoggedCall, error: ApiError, rule: string, time: number): OcsfEvent {
  return apiActivity({
    ...common(call, time),
    phase: 'decision',
    status: 'failure',
    statusCode: error.code,
    responseStatus: apiErrors[error.code].status,
    action: 'denied',
    rule,
  })
}

/** How a change ended. */
export function outcomeEvent(call: LoggedCall, status: number, durationMs: number, time: number): OcsfEvent {
  return apiActivity({
    ...common(call, time),
    uid: `${call.id}.outcome`,
    phase: 'outcome',
    status: status < 400 ? 'success' : 'failure',
    responseStatus: status,
    action: 'allowed',
    durationMs,
  })
}

function common({ id, operationId, method, path, isChange, principal, source }: LoggedCall, time: number) {
  return {
    time,
    uid: `${id}.decision`,
    exchange: id,
    tenant: principal?.tenant,
    activity: isChange ? 'update' : 'read',
    operation: operationId === undefined ? 'management.unknown' : `management.${operationId}`,
    actor: principal && actorOf(principal),
    request: { method, path: path ?? 'unknown' },
    sourceCommitment: source,
    scan: 'not_applicable',
  } as const
}
