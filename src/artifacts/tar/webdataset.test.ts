import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'

test('a member that WebDataset unpickles is found, whatever is in it', () => {
  assert.equal(severityOf(scanned('s.tar', tar({ '0.txt': 'a', '0.pyd': '\x80\x04N.' }))), 'high')
  assert.equal(severityOf(scanned('s.tar', tar({ 'a/0.jpg': '\xff\xd8\xff\xe0', 'a/0.pickle': '\x80\x04N.' }))), 'high')
})

test('a shard of texts and labels is clean', () => {
  assert.equal(scanned('s.tar', tar({ '0.txt': 'a', '0.cls': '1', '0.json': '{}' })).verdict, 'clean')
})

function tar(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const head = Buffer.alloc(512)
    head.write(name, 0)
    head.write('0000644\0', 100)
    head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
    head.write('        0ustar\u000000', 148)
    const sum = head.reduce((total, byte) => total + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
    body.write(content, 'latin1')
    return [head, body]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
