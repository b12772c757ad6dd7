// Parts say where they are: each token decodes to the part's text, and no two overlap, so that each can be edited.
import assert from 'node:assert/strict'
import type { Part } from '#wire'

export function assertSpans(bytes: Uint8Array, parts: readonly Part[]): void {
  const body = Buffer.from(bytes)
  let end = 0
  for (const part of parts.toSorted((a, b) => a.start - b.start)) {
    assert.ok(part.start >= end && part.end > part.start && part.end <= body.length, 'parts overlap, or lie outside')
    end = part.end
    const token = body.toString('utf8', part.start, part.end)
    const value: unknown = JSON.parse(token)
    assert.equal(part.text, typeof value === 'string' ? value : token, 'a part has another text than its token')
    assert.equal(part.path.endsWith('~key'), part.isKey === true, 'a path does not tell a key from a value')
  }
}
