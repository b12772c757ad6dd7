// The examples of the S3 API reference, "Signature Calculations for the Authorization Header".
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#config'
import { signedHeaders, uriEncoded } from './sigv4.ts'

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
}
const time = Date.UTC(2013, 4, 24)
const host = 'https://examplebucket.s3.amazonaws.com'

const examples = [
  ['/test.txt', { range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  ['/?lifecycle', {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['/?max-keys=2&prefix=J', {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
] as const

for (const [path, headers, signature] of examples)
  test(`${path} is signed as in the reference`, () => {
    const { authorization = '' } = signedHeaders(new URL(host + path), headers, 'us-east-1', credentials, time)
    assert.match(authorization, new RegExp(`Signature=${signature}$`))
    assert.match(authorization, /Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request,/)
  })

test('a session token is sent and signed', () => {
  const session = { ...credentials, sessionToken: new Secret('token') }
  const headers = signedHeaders(new URL(`${host}/a`), {}, 'us-east-1', session, time)
  assert.equal(headers['x-amz-security-token'], 'token')
  assert.match(headers.authorization ?? '', /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/)
})

test('only unreserved characters stay as they are', () => {
  assert.equal(uriEncoded("a-_.~!'()* /é"), 'a-_.~%21%27%28%29%2A%20%2F%C3%A9')
})
