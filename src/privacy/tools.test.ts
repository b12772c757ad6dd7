import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isOutwardTool } from './tools.ts'

const none = { outward: [], inward: [] }

test('a tool whose name says that it reaches outside does', () => {
  for (const name of [
    ...[
      'http_request',
      'HTTPSend',
      'fetch',
      'fetchUrl',
      'web_search',
      'WebFetch',
      'browse',
      'open_url',
      'post_message',
    ],
    ...[
      'sendEmail',
      'send_mail',
      'gmail.create_draft',
      'slack_post',
      'mcp__slack__chat',
      'tweet',
      'upload_file',
      'curl',
    ],
    ...['notify_customer', 'export_report', 'webhook', 'share-document', 'publishPage', 'sms', 'search_docs', 'Bash'],
    ...['add_issue_comment', 'posting', 'urls', 'run_shell', 'ssh_exec'],
  ]) {
    assert.equal(isOutwardTool(name, undefined, none), true, name)
  }
})

test('a tool whose name says nothing of the kind does not', () => {
  for (const name of [
    ...[
      'get_customer',
      'lookup_order',
      'create_ticket',
      'run_sql',
      'calculator',
      'calendar_add',
      'read_file',
      'weather',
    ],
    ...['', 'cobweb', 'curled'.slice(2), 'restaurant', 'posture', 'callable'],
  ]) {
    assert.equal(isOutwardTool(name, 'Works on the records of the house.', none), false, name)
  }
})

test('what a tool says of itself counts where its name says nothing', () => {
  assert.equal(isOutwardTool('do_it', 'Opens a web page and returns its text.', none), true)
  assert.equal(isOutwardTool('do_it', 'Writes an e-mail.', none), true)
  assert.equal(isOutwardTool('do_it', 'Weaves a cobweb.', none), false)
})

test('policy decides first, and outward wins', () => {
  assert.equal(isOutwardTool('send_mail', 'Sends an e-mail.', { outward: [], inward: ['send_*'] }), false)
  assert.equal(isOutwardTool('calculator', undefined, { outward: ['CALC*'], inward: [] }), true)
  assert.equal(isOutwardTool('crm_note', undefined, { outward: ['crm_n?te'], inward: ['crm_*'] }), true)
  assert.equal(
    isOutwardTool('crm_note', undefined, { outward: ['crm', 'note', '?', 'crm_not', ''], inward: [] }),
    false,
  )
})

test('globs mean what they say, and stay fast', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '?', '.'), { maxLength: 8 }).map((list) => list.join(''))
  fc.assert(
    fc.property(letters, letters, (glob, text) => {
      const name = text.replace(/[*?]/g, 'c')
      const pattern = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      const patterns = { outward: [glob], inward: ['*'] }
      assert.equal(isOutwardTool(name, undefined, patterns), new RegExp(`^${pattern}$`).test(name))
    }),
    { numRuns: 2_000 },
  )
  isOutwardTool('a'.repeat(5_000), undefined, { outward: [`${'*a'.repeat(2_000)}b`], inward: [] })
})
