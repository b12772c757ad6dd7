import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isOutwardTool } from './tools.ts'

const none = { outward: [], inward: [] }
const HARMLESS = 'Works on the records of the house.'

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
    ...['execute', 'run', 'cmd', 'python', 'eval', 'code_interpreter', 'executeCode', 'python3', 'run_sql'],
    ...['connect', 'remote', 'proxy', 'relay', 'deliver', 'dispatch'],
    ...['telemetry', 'beacon', 's3_put', 'mcp__github__create', 'pay', 'make_payment'],
    ...['render_image', 'display_markdown', 'enviar_correo', 'nachricht_senden', 'envoyer_courriel'],
  ]) {
    assert.equal(isOutwardTool(name, HARMLESS, none), true, name)
  }
})

test('a tool whose name says nothing of the kind does not', () => {
  for (const name of [
    ...['get_customer', 'lookup_order', 'create_ticket', 'calculator', 'calendar_add', 'read_file', 'weather'],
    ...['lookup_customer', 'save_note', 'add', 'calculate', 'set_reminder', 'get_weather', 'list_orders', 'write_file'],
    ...['save_contact', 'create_issue', 'open_ticket', 'book_appointment', 'register_user'],
    ...['cobweb', 'curled'.slice(2), 'restaurant', 'posture', 'callable'],
  ]) {
    assert.equal(isOutwardTool(name, HARMLESS, none), false, name)
  }
})

test('what a tool says of itself counts where its name says nothing', () => {
  assert.equal(isOutwardTool('do_it', 'Opens a web page and returns its text.', none), true)
  assert.equal(isOutwardTool('do_it', 'Sends an e-mail.', none), true)
  assert.equal(isOutwardTool('do_it', 'Finds a customer by e-mail address.', none), false)
  assert.equal(isOutwardTool('do_it', 'Weaves a cobweb.', none), false)
})

test('a tool of which one parameter says where something goes does', () => {
  const definition = (parameter: object) =>
    JSON.stringify({ name: 'do_it', description: HARMLESS, parameters: { type: 'object', properties: parameter } })
  for (const name of [
    ...['url', 'uri', 'host', 'endpoint', 'webhook', 'recipient', 'cc', 'callback_url', 'baseUrl'],
    ...['recipients', 'target_host'],
  ]) {
    assert.equal(isOutwardTool('do_it', definition({ [name]: { type: 'string' } }), none), true, name)
  }
  assert.equal(isOutwardTool('do_it', definition({ at: { type: 'string', format: 'uri' } }), none), true)
  const spread = JSON.stringify({ properties: { cc: { type: 'string' } } }, null, 2)
  assert.equal(isOutwardTool('do_it', spread, none), true)
  for (const name of ['name', 'total', 'ghost', 'customer_id', 'note', 'date', 'goto_line', 'photo', 'email', 'to']) {
    assert.equal(isOutwardTool('do_it', definition({ [name]: { type: 'string' } }), none), false, name)
  }
  const late = definition({ note: { type: 'string', description: 'x'.repeat(10_000) }, cc: { type: 'string' } })
  assert.equal(isOutwardTool('do_it', late, none), true)
})

test('a tool without a name does, and one whose definition is too long to be read', () => {
  assert.equal(isOutwardTool('get_customer', undefined, none), false)
  assert.equal(isOutwardTool('send_mail', undefined, none), true)
  assert.equal(isOutwardTool('get_customer', 'x'.repeat(20_000), none), true)
  assert.equal(isOutwardTool('', HARMLESS, none), true)
  assert.equal(isOutwardTool('', HARMLESS, { outward: [], inward: ['*'] }), true)
  assert.equal(isOutwardTool('send_mail', undefined, { outward: [], inward: ['send_*'] }), false)
})

test('policy decides first, and outward wins', () => {
  assert.equal(isOutwardTool('send_mail', 'Sends an e-mail.', { outward: [], inward: ['send_*'] }), false)
  assert.equal(isOutwardTool('calculator', HARMLESS, { outward: ['CALC*'], inward: [] }), true)
  assert.equal(isOutwardTool('crm_note', HARMLESS, { outward: ['crm_n?te'], inward: ['crm_*'] }), true)
  assert.equal(isOutwardTool('crm_note', HARMLESS, { outward: ['crm', 'note', '?', 'crm_not', ''], inward: [] }), false)
})

test('globs mean what they say, and stay fast', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '?', '.'), { maxLength: 8 }).map((list) => list.join(''))
  fc.assert(
    fc.property(letters, letters, (glob, text) => {
      const name = text.replace(/[*?]/g, 'c')
      const pattern = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      const patterns = { outward: [glob], inward: ['*'] }
      const isMatch = new RegExp(`^${pattern}$`).test(name)
      assert.equal(isOutwardTool(name, undefined, patterns), isMatch || name === '')
    }),
    { numRuns: 2_000 },
  )
  isOutwardTool('a'.repeat(5_000), undefined, { outward: [`${'*a'.repeat(2_000)}b`], inward: [] })
})
