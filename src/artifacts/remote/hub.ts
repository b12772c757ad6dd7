// hf:org/model@revision: all files of a repository of the Hugging Face hub, as they were in one commit. Nothing is
// cloned; the list comes from the hub's API and the bytes by range.
import { z } from 'zod'
import type { Secret } from '#config'
import { ArtifactError } from '../error.ts'
import { escapesFolder } from '../member-name.ts'
import type { Target } from '../scanner/scan-files.ts'
import { ask, type RemotePlace, refusal } from './http.ts'
import { remoteContent } from './ranges.ts'
import type { RemoteWorld } from './world.ts'

export interface HubSettings {
  readonly endpoint: URL
  readonly token?: Secret
}

const maxListBytes = 16 * 1024 ** 2
const mostPages = 200
const mostFiles = 100_000

const revisionSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) })
const treeSchema = z.array(z.object({ type: z.string(), path: z.string(), size: z.int().min(0).default(0) }))

/** @throws ArtifactError `malformed`, `unreadable`, `over_limit` */
export async function hubTargets(address: string, hub: HubSettings, world: RemoteWorld): Promise<readonly Target[]> {
  const { kind, name, revision } = parseAddress(address)
  const api = `${hub.endpoint.origin}/api/${kind}/${name}`
  const { sha } = await askJson(`${api}/revision/${encodeURIComponent(revision)}`, revisionSchema)
  const files = await listFiles(`${api}/tree/${sha}?recursive=true`)
  const root = kind === 'models' ? '' : `${kind}/`
  return files.map(({ path, size }): Target => {
    const shownAs = `hf:${root}${name}@${revision}/${path}`
    if (escapesFolder(path) || !path.isWellFormed())
      return { path: shownAs, refused: 'a name that leads out of the repository' }
    const url = new URL(
      `${hub.endpoint.origin}/${root}${name}/resolve/${sha}/${path.split('/').map(encodeURIComponent).join('/')}`,
    )
    return { path: shownAs, size, open: () => remoteContent(placeOf(url), world.get, world.limits) }
  })

  function placeOf(url: URL): RemotePlace {
    return {
      url,
      headersFor: (at) =>
        hub.token === undefined || at.origin !== hub.endpoint.origin
          ? {}
          : { authorization: `Bearer ${hub.token.reveal()}` },
      mayLeadTo: ({ hostname }) => isOfHub(hostname),
    }
  }

  async function listFiles(first: string): Promise<z.output<typeof treeSchema>> {
    const files: z.output<typeof treeSchema> = []
    let next: string | undefined = first
    for (let page = 0; next !== undefined; page++) {
      if (page >= mostPages || files.length > mostFiles)
        throw new ArtifactError('over_limit', `limit reached: more than ${mostFiles} files`)
      const { value, link }: { value: z.output<typeof treeSchema>; link: string | undefined } = await askPage(
        next,
        treeSchema,
      )
      files.push(...value.filter(({ type }) => type === 'file'))
      next = nextPage(link, next)
    }
    return files
  }

  async function askJson<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    return (await askPage(url, schema)).value
  }

  async function askPage<T>(url: string, schema: z.ZodType<T>): Promise<{ value: T; link: string | undefined }> {
    const answer = await ask(world.get, placeOf(new URL(url)), { maxBytes: maxListBytes })
    if (answer.status !== 200) throw refusal(answer.status)
    try {
      return { value: schema.parse(JSON.parse(answer.body.toString('utf8'))), link: answer.headers.link }
    } catch {
      throw new ArtifactError('unreadable', 'the hub answered something else than its API describes')
    }
  }
}

/** Where the hub keeps large files. */
function isOfHub(hostname: string): boolean {
  return /(?:^|\.)(?:huggingface\.co|hf\.co)$/.test(hostname)
}

/** RFC 8288's `next`, as long as it leads to the same server. */
function nextPage(link: string | undefined, current: string): string | undefined {
  const [, address] = /<([^>]{1,4096})>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  if (address === undefined) return undefined
  const next = URL.canParse(address, current) ? new URL(address, current) : undefined
  if (next?.origin !== new URL(current).origin)
    throw new ArtifactError('unreadable', 'the hub continues its list on another server')
  return next.href
}

function parseAddress(address: string): { kind: 'models' | 'datasets' | 'spaces'; name: string; revision: string } {
  const match =
    /^hf:(?:\/\/)?(?:(datasets|spaces|models)\/)?([\w.-]{1,96}(?:\/[\w.-]{1,96})?)(?:@([\w./-]{1,200}))?$/.exec(address)
  const [, kind = 'models', name, revision = 'main'] = match ?? []
  if (name === undefined || name.split('/').some((part) => /^\.+$/.test(part)))
    throw new ArtifactError(
      'malformed',
      `'${address}' is no repository: write hf:org/model or hf:datasets/org/name@revision`,
    )
  if (kind === 'datasets' || kind === 'spaces') return { kind, name, revision }
  return { kind: 'models', name, revision }
}
