// Files on servers that behave, and on servers that do not. The requests are real; the servers stand on this machine.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Secret } from '#config'
import { ArtifactError } from '../error.ts'
import type { Content } from '../scanner/content.ts'
import type { Target } from '../scanner/scan-files.ts'
import type { HttpGet } from './http.ts'
import { type RemoteSettings, remoteTargets } from './remote.ts'
import type { RemoteWorld } from './world.ts'

const file = Buffer.from(Array.from({ length: 200_000 }, (_, place) => (place * 31) % 251))

test('of a file on a server, the ranges that are looked at are fetched and no others', async (t) => {
  const asked: (string | undefined)[] = []
  const origin = await serve(t, (request, response) => {
    asked.push(request.headers.range)
    sendRange(request, response)
  })
  const content = await open(`${origin}/model.bin?X-Signature=secret`, origin)
  assert.equal(content.size, file.length)
  assert.deepEqual(Buffer.from(await content.read(150_000, 1000)), file.subarray(150_000, 151_000))
  assert.deepEqual(Buffer.from(await content.read(10, 10)), file.subarray(10, 20))
  assert.deepEqual(asked, ['bytes=0-65535', 'bytes=150000-150999'])
})

test('the query of an address, which may hold a signature, stays out of the report', async () => {
  const [target] = await remoteTargets(
    'https://a.example/m.bin?token=secret',
    settingsFor('https://a.example'),
    world(),
  )
  assert.equal(target?.path, 'https://a.example/m.bin')
})

test('a server without ranges may send a small file whole', async (t) => {
  const origin = await serve(t, (_, response) => response.end(file))
  const content = await open(`${origin}/a`, origin)
  assert.deepEqual(Buffer.from(await content.read(199_990, 10)), file.subarray(199_990))
  assert.equal((await content.digest())?.length, 64)
})

test('a server without ranges may not send more than is allowed', async (t) => {
  const origin = await serve(t, (_, response) => response.end(file))
  await assert.rejects(open(`${origin}/a`, origin, { downloadBytes: 100_000 }), { code: 'over_limit' })
})

test('no more is fetched than is allowed', async (t) => {
  const origin = await serve(t, sendRange)
  const content = await open(`${origin}/a`, origin, { downloadBytes: 100_000 })
  await assert.rejects(content.read(100_000, 90_000), { code: 'over_limit' })
})

test('an empty file is one', async (t) => {
  const origin = await serve(t, (_, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end())
  assert.equal((await open(`${origin}/a`, origin)).size, 0)
})

const lies: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse, turn: number) => void>> = {
  'sends another range': (_, response) =>
    response.writeHead(206, { 'content-range': `bytes 5-14/${file.length}` }).end(file.subarray(5, 15)),
  'says another length': (_, response) =>
    response.writeHead(206, { 'content-range': `bytes 0-65535/${file.length}` }).end(file.subarray(0, 100)),
  'does not say how long it is': (_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 0-9/*' }).end(file.subarray(0, 10)),
  'says an impossible length': (_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 0-9/99999999999999999999' }).end(file.subarray(0, 10)),
  'sends it compressed': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  'is not there': (_, response) => response.writeHead(404).end('<script>'),
  'sends us to a place that is not allowed': (_, response) =>
    response.writeHead(302, { location: 'https://elsewhere.example/' }).end(),
  'sends us round in a circle': (request, response) => response.writeHead(302, { location: request.url ?? '/' }).end(),
  'sends us to a file': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  'sends us nowhere': (_, response) => response.writeHead(302, { location: 'http://[' }).end(),
  'hangs up': (_, response) => response.destroy(),
}

for (const [does, answer] of Object.entries(lies))
  test(`a server that ${does} is not believed`, async (t) => {
    let turn = 0
    const origin = await serve(t, (request, response) => answer(request, response, turn++))
    await assert.rejects(open(`${origin}/a`, origin), (error) => {
      assert.ok(error instanceof ArtifactError)
      assert.equal(error.code, 'unreadable')
      assert.ok(!error.message.includes('<script>'))
      return true
    })
  })

const changes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  'has another ETag': (request, response) => sendRange(request, response, { etag: '"2"' }),
  'has another length': (request, response) =>
    sendRange(request, response, { etag: '"1"' }, Buffer.concat([file, file])),
  'comes whole': (_, response) => response.end(file),
  'fails its condition': (_, response) => response.writeHead(412).end(),
}

for (const [how, answer] of Object.entries(changes))
  test(`a file that ${how} in the middle is not judged from pieces of two`, async (t) => {
    let turn = 0
    const origin = await serve(t, (request, response) =>
      turn++ === 0 ? sendRange(request, response) : answer(request, response),
    )
    const content = await open(`${origin}/a`, origin)
    await assert.rejects(content.read(100_000, 10), { code: 'unreadable', message: /changed on the server/ })
  })

test('an address that ran out is asked for again', async (t) => {
  let signed = 0
  const origin = await serve(t, (request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: `/signed?${++signed}` }).end()
    else if (request.url === '/signed?1' && request.headers.range !== 'bytes=0-65535') response.writeHead(403).end()
    else sendRange(request, response)
  })
  const content = await open(`${origin}/a`, origin)
  assert.deepEqual(Buffer.from(await content.read(100_000, 10)), file.subarray(100_000, 100_010))
  assert.equal(signed, 2)
})

test("a repository of the hub is read at one commit, and the token stays with the hub's own host", async (t) => {
  const sha = 'a'.repeat(40)
  const seen: [string | undefined, string | undefined][] = []
  const storage = await serve(t, (request, response) => {
    seen.push(['storage', request.headers.authorization])
    sendRange(request, response)
  })
  const hub = await serve(t, (request, response) => {
    seen.push([request.url, request.headers.authorization])
    const json = (value: unknown, headers = {}) => response.writeHead(200, headers).end(JSON.stringify(value))
    if (request.url === '/api/models/org/m/revision/v1.0') json({ sha })
    else if (request.url === `/api/models/org/m/tree/${sha}?recursive=true`)
      json(
        [
          { type: 'file', path: 'config.json', size: 2 },
          { type: 'directory', path: 'sub', size: 0 },
        ],
        {
          link: `<${hub}/api/models/org/m/tree/${sha}?cursor=2>; rel="next"`,
        },
      )
    else if (request.url === `/api/models/org/m/tree/${sha}?cursor=2`)
      json([
        { type: 'file', path: 'sub/weights é.bin', size: 9 },
        { type: 'file', path: '../../api/x', size: 1 },
      ])
    else response.writeHead(302, { location: `${storage}/blob` }).end()
  })
  const settings: RemoteSettings = {
    ...settingsFor(hub),
    hub: { endpoint: new URL(hub), token: new Secret('hf_token') },
  }
  const targets = await remoteTargets('hf:org/m@v1.0', settings, world())
  assert.deepEqual(
    targets.map((target) => [target.path, 'refused' in target]),
    [
      ['hf:org/m@v1.0/config.json', false],
      ['hf:org/m@v1.0/sub/weights é.bin', false],
      ['hf:org/m@v1.0/../../api/x', true],
    ],
  )
  // The storage of the test has no name of the hub's, so it is not followed.
  await assert.rejects(openTarget(targets[1]), { message: /which is not allowed here/ })
  assert.ok(seen.every(([place, token]) => (place === 'storage' ? token === undefined : token === 'Bearer hf_token')))
  assert.equal(seen.at(-1)?.[0], `/org/m/resolve/${sha}/sub/weights%20%C3%A9.bin`)
})

test('what is no repository, bucket or address is refused before anybody is asked', async () => {
  const wrong = [
    'hf:',
    'hf:../../etc',
    'hf:a/b/c',
    'hf:a/b@x y',
    's3://',
    's3://UPPER/x',
    'https://',
    'https://user:password@a.example/',
    'http://a.example/',
  ]
  const settings = { ...settingsFor('https://a.example'), allowHttp: false }
  for (const address of wrong)
    await assert.rejects(
      remoteTargets(
        address,
        settings,
        world(() => assert.fail('asked')),
      ),
      (error) => error instanceof ArtifactError && !error.message.includes('password@'),
      address,
    )
})

test('a hub that answers nonsense, or continues elsewhere, is not believed', async (t) => {
  const sha = 'a'.repeat(40)
  for (const tree of ['[', '[{"type": 1}]', '{}', '[]']) {
    const hub = await serve(t, (request, response) =>
      request.url?.includes('/revision/') === true
        ? response.end(JSON.stringify({ sha }))
        : response.writeHead(200, { link: '<https://evil.example/>; rel="next"' }).end(tree),
    )
    const settings = { ...settingsFor(hub), hub: { endpoint: new URL(hub) } }
    await assert.rejects(remoteTargets('hf:org/m', settings, world()), { code: 'unreadable' })
  }
})

test('all objects below a prefix are found, page by page, and each request is signed', async (t) => {
  const seen: string[] = []
  const origin = await serve(t, (request, response) => {
    seen.push(request.url ?? '')
    assert.match(request.headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=id\//)
    if (request.url?.startsWith('/models/?') !== true) return sendRange(request, response)
    const isSecond = request.url.includes('continuation-token=a%2Fb%2B%3D')
    response.end(
      isSecond
        ? '<R><IsTruncated>false</IsTruncated><Contents><Key>v1/c</Key><Size>3</Size></Contents></R>'
        : '<R><IsTruncated>true</IsTruncated><NextContinuationToken>a/b+=</NextContinuationToken><Contents><Key>v1/</Key><Size>0</Size></Contents><Contents><Key>v1/a+b%26</Key><Size>5</Size></Contents></R>',
    )
  })
  const credentials = { accessKeyId: 'id', secretAccessKey: new Secret('key') }
  const settings = { ...settingsFor(origin), s3: { region: 'eu-central-1', endpoint: new URL(origin), credentials } }
  const targets = await remoteTargets('s3://models/v1/', settings, world())
  assert.deepEqual(
    targets.map(({ path, size }) => [path, size]),
    [
      ['s3://models/v1/a b&', 5],
      ['s3://models/v1/c', 3],
    ],
  )
  const content = await openTarget(targets[0])
  assert.equal(content.size, file.length)
  assert.equal(seen.at(-1), '/models/v1/a%20b%26')
  assert.equal(seen[0], '/models/?encoding-type=url&list-type=2&prefix=v1%2F')
})

test('an object is asked for anonymously where there are no credentials', async (t) => {
  const origin = await serve(t, (request, response) => {
    assert.equal(request.headers.authorization, undefined)
    sendRange(request, response)
  })
  const settings = { ...settingsFor(origin), s3: { region: 'us-east-1', endpoint: new URL(origin) } }
  const [target] = await remoteTargets('s3://models/a.bin', settings, world())
  assert.equal((await openTarget(target)).size, file.length)
})

async function open(address: string, origin: string, limits?: { downloadBytes: number }): Promise<Content> {
  const [target] = await remoteTargets(address, settingsFor(origin), { ...world(), ...(limits && { limits }) })
  return openTarget(target)
}

function openTarget(target: Target | undefined): Promise<Content> {
  assert.ok(target !== undefined && 'open' in target)
  return target.open()
}

function settingsFor(origin: string): RemoteSettings {
  return {
    hub: { endpoint: new URL(origin) },
    s3: { region: 'us-east-1' },
    allowedHosts: [],
    allowHttp: true,
  }
}

function world(get: HttpGet = httpGet): RemoteWorld {
  return { get, limits: { downloadBytes: 1e9 }, now: () => 0 }
}

/** As the program's own, without the check of addresses. */
const httpGet: HttpGet = ({ url, headers, maxBytes, maxWholeBytes = maxBytes }) =>
  new Promise((resolve, reject) => {
    const failed = () => reject(new ArtifactError('unreadable', 'cannot be reached'))
    const outgoing = request(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      const limit = response.statusCode === 200 ? maxWholeBytes : maxBytes
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > limit) outgoing.destroy(new ArtifactError('over_limit', 'too long'))
      })
      response.on('error', (error) => (error instanceof ArtifactError ? reject(error) : failed()))
      response.on('end', () => {
        const names = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
        resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(names), body: Buffer.concat(chunks) })
      })
    })
    outgoing.on('error', (error) => (error instanceof ArtifactError ? reject(error) : failed()))
    outgoing.end()
  })

function sendRange(
  incoming: IncomingMessage,
  response: ServerResponse,
  headers: object = { etag: '"1"' },
  bytes = file,
) {
  const [, start = '0', end = '0'] = /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '') ?? []
  const last = Math.min(Number(end), bytes.length - 1)
  response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${last}/${bytes.length}` })
  response.end(bytes.subarray(Number(start), last + 1))
}

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((incoming, response) => void answer(incoming, response)).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
