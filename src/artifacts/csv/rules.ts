// What can be found in a table.
import type { Rule } from '../rule.ts'

export const formula: Rule = {
  id: 'csv/formula',
  title: 'A spreadsheet takes a cell for a formula',
  severity: 'high',
  cwe: ['CWE-1236'],
  atlas: ['AML.T0011'],
  references: ['https://owasp.org/www-community/attacks/CSV_Injection'],
  remedy: 'Put an apostrophe before such cells, or do not open the table in a spreadsheet.',
}
