// The sockets that workers listen on: bound here, with SO_REUSEPORT, and kept open here as long as the gateway runs.
// The kernel spreads new connections over them evenly. Since a socket belongs to no worker, those who connect while
// its worker is replaced, or has died, wait in its queue for the next one instead of being refused.
import { lookup } from 'node:dns/promises'
import net, { type BoundSocket } from 'node:net'
import { cannotListen, ServerError } from '../error.ts'

export interface Sockets {
  /** The socket of a worker, by its number from 0. */
  fdOf(worker: number): number
  close(): void
}

/** Sockets that somebody else keeps, one or more; workers share them in turn. */
export function handedOver(fds: readonly number[]): Sockets {
  return { fdOf: (worker) => fds[worker % fds.length] ?? -1, close() {} }
}

/** @throws ServerError `address_in_use`, `address_refused`, `no_workers` where the platform cannot */
export async function bindSockets(host: string, port: number, count: number): Promise<Sockets> {
  // Not imported by its name, which an older Node does not have.
  if (!('BoundSocket' in net)) throw new ServerError('no_workers', 'workers need Node 26.4 or newer: use one process')
  const { address } = await lookup(host)
  try {
    return kept(bindAll(address, port, count))
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`)
  }
}

function bindAll(host: string, port: number, count: number): BoundSocket[] {
  // With SO_REUSEPORT two gateways of one user could share a port by mistake, so it is taken without first.
  const first = new net.BoundSocket({ host, port })
  const taken = first.address().port
  first.close()
  const sockets: BoundSocket[] = []
  try {
    for (let at = 0; at < count; at++) sockets.push(new net.BoundSocket({ host, port: taken, reusePort: true }))
  } catch (error) {
    for (const socket of sockets) socket.close()
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTSUP')) throw error
    // Such as macOS: all workers listen on one socket.
    return [new net.BoundSocket({ host, port: taken })]
  }
  return sockets
}

function kept(sockets: readonly BoundSocket[]): Sockets {
  const fds = sockets.map((socket) => socket.fd())
  if (fds.includes(-1)) throw new ServerError('no_workers', 'this system cannot hand a socket to a worker: use one')
  return {
    ...handedOver(fds),
    close() {
      for (const socket of sockets) socket.close()
    },
  }
}
