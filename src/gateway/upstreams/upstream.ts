// An upstream: a pool of HTTP/1.1 connections to the one host that the configuration names.
import { isIP } from 'node:net'
import { Pool } from 'undici'
import { addressRefusal } from './address.ts'
import { Call, type CallLimits } from './call.ts'
import { UpstreamError } from './error.ts'
import { createGate } from './gate.ts'
import { anthropicHeaders, requestHeaders } from './headers.ts'
import { checkedLookup, type ResolveName } from './resolve.ts'
import type { UpstreamSettings } from './schema.ts'
import type { Upstream } from './types.ts'

export interface UpstreamWorld {
  readonly resolve: ResolveName
  /** ms, monotonic. */
  readonly monotonic: () => number
}

/**
 * Opens nothing yet: connections are made as calls need them, reused, and renewed every five minutes, when the name
 * is resolved and checked again. Redirects are not followed, requests are not repeated, and nothing is pipelined.
 *
 * @throws UpstreamError `address_not_allowed` when the URL names an address that is not allowed
 */
export function createUpstream(settings: UpstreamSettings, world: UpstreamWorld): Upstream {
  const { name, url, auth, key, allowPrivate, api, anthropic } = settings
  refuseLiteralAddress(url, allowPrivate)
  const pool = new Pool(url.origin, {
    connections: settings.connections,
    pipelining: 1,
    clientTtl: renewalMs,
    keepAliveTimeout: idleMs,
    keepAliveTimeoutThreshold: idleMarginMs,
    maxHeaderSize: maxHeaderBytes,
    // Kept by each call itself.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connectTimeout: settings.timeouts.connect,
    connect: {
      lookup: checkedLookup({ resolve: world.resolve, allowPrivate, now: world.monotonic, ttlMs: addressTtlMs }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(settings.tls?.ca === undefined ? {} : { ca: settings.tls.ca.reveal() }),
    },
  })
  const gate = createGate(settings.connections)
  const limits: CallLimits = { ...settings.timeouts, maxResponseBytes: settings.maxResponseBytes }
  const base = url.pathname.replace(/\/+$/, '')

  return {
    name,
    send({ operation, method, body, signal, betas = [], totalMs }, answer) {
      const hurried = totalMs !== undefined && totalMs < limits.total
      const call = new Call(answer, hurried ? { ...limits, total: totalMs } : limits, signal)
      const dispatch = () => {
        call.hasPlace()
        const more = api === 'anthropic' ? anthropicHeaders(anthropic, betas) : []
        const headers = requestHeaders(auth, key, body !== undefined, more)
        const query =
          api === 'anthropic' && operation === 'models' ? withParameter(url.search, 'limit=1000') : url.search
        pool.dispatch({ method, path: `${base}/${operation}${query}`, headers, body: body ?? null }, call)
      }
      // A turn later, so that nothing of the answer can arrive before the caller holds the call.
      queueMicrotask(() => {
        if (signal.aborted) call.abort()
        if (!call.isOver) call.onOver = gate.enter(dispatch)
      })
      return call
    },
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}

/** Anthropic lists 20 models unless it is asked for more; 1,000 are the most. */
function withParameter(search: string, parameter: string): string {
  return search === '' ? `?${parameter}` : `${search}&${parameter}`
}

/** A connection lives no longer than this, so that an address which has become wrong is left. */
const renewalMs = 300_000
const addressTtlMs = 30_000
/**
 * An idle connection is closed by us before its server does: a request that meets its close half-way may have been
 * carried out, and cannot be sent again. Most servers wait for 5 s or more, or say how long in `Keep-Alive`; then we leave
 * a margin.
 */
const idleMs = 4000
const idleMarginMs = 2000
const maxHeaderBytes = 16 * 1024

/** net and tls do not look up an address, so one in the URL is checked here. */
function refuseLiteralAddress(url: URL, allowPrivate: boolean): void {
  const address = url.hostname.replace(/^\[|\]$/g, '')
  const refusal = isIP(address) === 0 ? undefined : addressRefusal(address, allowPrivate)
  if (refusal !== undefined) throw new UpstreamError('address_not_allowed', `${url.origin} is refused: ${refusal}`)
}
