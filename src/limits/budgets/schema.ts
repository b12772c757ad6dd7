// `limits.budgets`, `limits.prices` and `limits.timeZone`: how much may be spent in a calendar window, and what it costs.
import { z } from 'zod'
import { modelPatterns } from '../patterns.ts'
import { budgetScopes } from './account.ts'
import { maxAmount } from './ledger.ts'
import { isTimeZone, periods } from './windows.ts'

const quota = z.int().min(1).max(maxAmount)

/** An amount of money with at most six digits after the point. Gives whole micro-units. */
const money = z
  .number()
  .min(0)
  .max(maxAmount / 1e6)
  .transform((amount, context) => {
    const micros = Math.round(amount * 1e6)
    // 0.1 is not exact in binary: round what is a rounding error, and refuse what is not.
    if (Math.abs(amount * 1e6 - micros) < 1e-3) return micros
    context.addIssue({ code: 'custom', message: 'expected at most six digits after the point' })
    return z.NEVER
  })

const ids = z.array(z.string().min(1).max(256))

const budgetSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, { error: 'expected lower-case letters, digits, dots and dashes' })
      .describe('Named in refusals, headers and reports. What was spent is kept under it.'),
    per: z
      .enum(budgetScopes)
      .describe('Whose spending is counted: each API key, principal or tenant its own, or all together.'),
    only: ids.min(1).optional().describe('Ids of those it is for; without it, everybody.'),
    except: ids.optional().describe('Ids of those it is not for, such as some that have a budget of their own.'),
    models: modelPatterns()
      .optional()
      .describe('Models whose use is counted, `*` standing for any text; without it, all.'),
    every: z.enum(periods).describe('The calendar window, in `limits.timeZone`.'),
    requests: quota.optional().describe('Requests that an upstream answered.'),
    inputTokens: quota.optional().describe('Tokens of prompts.'),
    outputTokens: quota.optional().describe('Tokens of answers, reasoning included.'),
    tokens: quota.optional().describe('Tokens of both.'),
    cost: money
      .refine((micros) => micros > 0, 'expected more than nothing')
      .optional()
      .describe('Money, in the currency of `limits.prices`.'),
  })
  .refine(
    ({ requests, inputTokens, outputTokens, tokens, cost }) =>
      [requests, inputTokens, outputTokens, tokens, cost].some((limit) => limit !== undefined),
    'a budget needs at least one of requests, inputTokens, outputTokens, tokens and cost',
  )

export const budgetsSchema = z
  .array(budgetSchema)
  .default([])
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two budgets have the same name')
  .describe('How much may be spent in a calendar window. All that fit a request must have room for it.')

const price = money.describe('For a million tokens.')

export const pricesSchema = z
  .array(
    z.strictObject({
      models: modelPatterns(),
      input: price.describe('For a million tokens of prompts.'),
      output: price.describe('For a million tokens of answers.'),
      cached: price
        .optional()
        .describe("For a million tokens of prompts that came from the provider's cache. Default: as `input`."),
    }),
  )
  .default([])
  .describe('What models cost, in one currency. The first entry that fits decides; a free model has zeros.')

export const timeZoneSchema = z
  .string()
  .refine(isTimeZone, 'expected the name of a time zone such as Europe/Berlin or UTC')
  .default('UTC')
  .describe('In which days and months begin: an IANA time zone.')

export type BudgetSettings = z.output<typeof budgetsSchema>
export type PriceSettings = z.output<typeof pricesSchema>
