// `limits.addresses`: what an address may send that is refused before it is known who asks.
import { isIP } from 'node:net'
import { z } from 'zod'

export const addressesSchema = z
  .strictObject({
    failures: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .default(600)
      .describe('Malformed requests and failed authentications a minute; beyond it, 429 until there is room again.'),
    records: z
      .int()
      .min(0)
      .max(100_000)
      .default(60)
      .describe('Of these, how many a minute have a log entry of their own; the others are counted in one.'),
    recordsInTotal: z.int().min(0).max(1_000_000).default(600).describe('The same, over all addresses together.'),
    trustedProxies: z
      .array(z.string().refine(isNetwork, 'expected an address such as 10.0.0.1, or a network such as 10.0.0.0/8'))
      .default([])
      .describe('Proxies whose X-Forwarded-For is believed. From anybody else it is ignored.'),
  })
  .prefault({})

export type AddressSettings = z.output<typeof addressesSchema>

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}
