// What can go wrong while Holdfast starts, or while a command talks to one that runs.

export type ServerErrorCode =
  | 'already_running'
  | 'foreign_folder'
  | 'writable_folder'
  | 'address_in_use'
  | 'address_refused'
  | 'certificate'
  | 'key_set'
  | 'token_schema'
  | 'control_refused'
  | 'control_broken'
  | 'no_installation'
  | 'store_elsewhere'
  | 'unusable_folder'
  | 'no_configuration'
  | 'no_workers'
  | 'worker_failed'

export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** What a second process on one data folder is told. */
export function alreadyRunning(data: string): ServerError {
  return new ServerError(
    'already_running',
    `Holdfast is already running on ${data}; stop it first, or give another --data`,
  )
}

/** Why nothing can listen at an address, in words; an error of another kind stays what it is. */
export function cannotListen(error: unknown, address: string): unknown {
  const reason = error instanceof Error && 'code' in error ? error.code : undefined
  switch (reason) {
    case 'EADDRINUSE':
      return new ServerError(
        'address_in_use',
        `cannot listen on ${address}: another program does; stop it, or choose another port (0 takes a free one)`,
      )
    case 'EADDRNOTAVAIL':
      return new ServerError('address_refused', `cannot listen on ${address}: this machine does not have that address`)
    case 'EACCES':
      return new ServerError('address_refused', `cannot listen on ${address}: not permitted; take a port above 1023`)
    default:
      return error
  }
}
