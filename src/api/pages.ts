// Lists a page at a time. A cursor says behind which item the next page begins, so that what is added in the meantime
// neither repeats an item nor hides one.
import { z } from 'zod'
import { ApiError } from './error.ts'

export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .describe('Most items on the page, 1 to 200.')
    .meta({ example: 50 }),
  cursor: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('`next` of the page before; left out for the first one. Keep the other parameters the same.'),
} as const

/** @param item  a schema with a description */
export function pageOf<T extends z.ZodType>(item: T, what: string) {
  return z
    .strictObject({
      items: z.array(item),
      next: z.string().nullable().describe('Cursor of the next page; null on the last one.'),
    })
    .describe(`A page of ${what}.`)
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/**
 * The page that begins behind `cursor`.
 *
 * @param place  what of an item the next page is found by; the schema of what cursors hold
 * @param read   the first `limit` items behind a place, or from the beginning
 */
export async function readPage<T, P>(
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  place: z.ZodType<P>,
  read: (after: P | undefined, limit: number) => Promise<readonly T[]> | readonly T[],
  placeOf: (item: T) => P,
): Promise<Page<T>> {
  const found = await read(cursor === undefined ? undefined : readCursor(cursor, place), limit + 1)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last !== undefined ? writeCursor(placeOf(last)) : null }
}

export function writeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws ApiError `invalid_request` */
export function readCursor<P>(cursor: string, place: z.ZodType<P>): P {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    const flaws = [{ in: 'query', at: 'cursor', detail: 'is none that this list gave out' }] as const
    throw new ApiError('invalid_request', 'Begin again without the cursor.', { flaws })
  }
}
