// Which addresses elsewhere may be scanned: those of hosts that the configuration names, and nothing of them that is secret.
import { ApiError } from '../error.ts'

/** @throws ApiError `invalid_request` */
export function checkAddress(address: string, hosts: readonly string[]): void {
  const host = address.startsWith('hf:') ? hubHost : hostOf(address)
  if (!hosts.includes(host)) throw refused('is not at one of the hosts in api.scans.hosts')
}

const hubHost = 'huggingface.co'

function hostOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'https:') throw refused('is no https address, and no hf:org/model@revision')
  // They are stored and shown, and whoever reads a signed address can use it.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.port !== '')
    throw refused('has more than a host and a path')
  return url.hostname
}

function refused(detail: string): ApiError {
  return new ApiError('invalid_request', 'The address cannot be scanned.', {
    flaws: [{ in: 'body', at: '/url', detail }],
  })
}
