// The one error of this room.

/** `invalid`: what was given cannot be stored; `unknown_asset`: an edge or a walk names an asset that is not there. */
export type InventoryErrorCode = 'invalid' | 'unknown_asset'

export class InventoryError extends Error {
  override readonly name = 'InventoryError'
  readonly code: InventoryErrorCode

  constructor(code: InventoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
