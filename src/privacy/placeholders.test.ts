import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  derivePlaceholder,
  findPlaceholders,
  LONGEST_PLACEHOLDER,
  placeholderType,
  replacePlaceholders,
} from './placeholders.ts'

const key = new Uint8Array(32).fill(7)
const otherKey = new Uint8Array(32).fill(8)
const types = fc.stringMatching(/^[A-Z]{2,16}$/)

test('the same value in the same session has the same placeholder', () => {
  assert.equal(derivePlaceholder(key, 'EMAIL', 'anna@example.com'), derivePlaceholder(key, 'EMAIL', 'anna@example.com'))
})

test('a placeholder depends on the key, the type, the value and the attempt', () => {
  const all = [
    derivePlaceholder(key, 'EMAIL', 'anna@example.com'),
    derivePlaceholder(otherKey, 'EMAIL', 'anna@example.com'),
    derivePlaceholder(key, 'PHONE', 'anna@example.com').replace('PHONE', 'EMAIL'),
    derivePlaceholder(key, 'EMAIL', 'bert@example.com'),
    derivePlaceholder(key, 'EMAIL', 'anna@example.com', 1),
    derivePlaceholder(key, 'EMAIL', 'anna@example.com', 2),
  ]
  assert.equal(new Set(all).size, all.length)
})

test('every placeholder has the shape that is looked for, and no more characters than stated', () => {
  fc.assert(
    fc.property(types, fc.string({ unit: 'binary' }), (type, value) => {
      const placeholder = derivePlaceholder(key, type, value)
      assert.ok(placeholder.length <= LONGEST_PLACEHOLDER)
      assert.deepEqual(findPlaceholders(`x[${placeholder}]`), [{ placeholder, start: 2, end: 2 + placeholder.length }])
    }),
  )
})

test('a type outside of the grammar is refused', () => {
  for (const type of ['', 'E', 'email', 'EMAIL_', 'A'.repeat(17), 'ÄÖ']) {
    assert.throws(() => derivePlaceholder(key, type, 'x'), { name: 'PrivacyError', code: 'invalid_type' })
  }
})

test('every kind of match has a type: its own, SECRET for any secret, or its letters', () => {
  const expected = {
    email: 'EMAIL',
    card: 'CARD',
    iban: 'IBAN',
    us_ssn: 'SSN',
    phone: 'PHONE',
    literal: 'LITERAL',
    uk_nhs: 'UKNHS',
    date_of_birth_of_the_patient: 'DATEOFBIRTHOFTHE',
    '42': 'DATA',
    constructor: 'CONSTRUCTOR',
  }
  for (const [kind, type] of Object.entries(expected)) assert.equal(placeholderType(kind), type)
  assert.equal(placeholderType('aws_access_key', 'secret'), 'SECRET')
  assert.equal(placeholderType('uk_nhs', 'personal', { uk_nhs: 'NHS' }), 'NHS')
})

test('text that only resembles a placeholder is none', () => {
  const placeholder = '[EMAIL_k3f9x2ab]'.replace('9', '2')
  assert.equal(findPlaceholders(placeholder).length, 1)
  for (const text of [
    '[email_k3f2x2ab]',
    '[EMAIL_K3F2X2AB]',
    '[EMAIL-k3f2x2ab]',
    '[EMAIL_k3f9x2ab]', // 9 is not in the alphabet
    '[EMAIL_k3f2x2a]',
    '[EMAIL_k3f2x2abc]',
    '[E_k3f2x2ab]',
    '[ EMAIL_k3f2x2ab]',
    '\uff3bEMAIL_k3f2x2ab\uff3d',
    '[EMAIL_k3f2\u200bx2ab]',
  ]) {
    assert.deepEqual(findPlaceholders(text), [], text)
  }
})

test('replacing is a single pass: a value that looks like a placeholder is not replaced again', () => {
  const values = new Map([
    ['[LITERAL_aaaaaaaa]', '[EMAIL_bbbbbbbb]'],
    ['[EMAIL_bbbbbbbb]', 'anna@example.com'],
  ])
  assert.equal(replacePlaceholders('[LITERAL_aaaaaaaa] [EMAIL_cccccccc]', values), '[EMAIL_bbbbbbbb] [EMAIL_cccccccc]')
})
