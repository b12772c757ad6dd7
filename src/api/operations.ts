// Every operation of the API, and the schemas that have a name in its document.
import type { z } from 'zod'
import { openApiDocument } from './document.ts'
import { problemSchema } from './problem.ts'
import type { Route } from './route.ts'
import { actionPageSchema, actionRoutes } from './routes/actions.ts'
import { assetPageSchema, assetRoutes, budgetListSchema } from './routes/assets.ts'
import { findingPageSchema, findingRoutes } from './routes/findings.ts'
import { keyPageSchema, keyRoutes } from './routes/keys.ts'
import { entryPageSchema, logRoutes } from './routes/log.ts'
import { scanPageSchema, scanRoutes, scanSchema } from './routes/scans.ts'
import { reportSchema } from './scans/report.ts'
import {
  actionSchema,
  actionWithHistorySchema,
  assetSchema,
  assetWithEdgesSchema,
  budgetSchema,
  changeSchema,
  createdKeySchema,
  entrySchema,
  findingSchema,
  findingWithHistorySchema,
  keySchema,
} from './schemas.ts'

/** @param explanation  how the explanation of an exchange looks: another room says it */
export function operations(explanation: z.ZodType): readonly Route[] {
  return [...scanRoutes, ...findingRoutes, ...actionRoutes, ...keyRoutes, ...assetRoutes, ...logRoutes(explanation)]
}

/** The OpenAPI document. @param version  of the program */
export function describeApi(version: string, explanation: z.ZodType): Readonly<Record<string, unknown>> {
  return openApiDocument({ version, routes: operations(explanation), schemas: namedSchemas(explanation) })
}

/** By their names in `components/schemas`. */
function namedSchemas(explanation: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return {
    Problem: problemSchema,
    Key: keySchema,
    KeyPage: keyPageSchema,
    CreatedKey: createdKeySchema,
    Finding: findingSchema,
    FindingPage: findingPageSchema,
    FindingWithHistory: findingWithHistorySchema,
    Action: actionSchema,
    ActionPage: actionPageSchema,
    ActionWithHistory: actionWithHistorySchema,
    Change: changeSchema,
    Asset: assetSchema,
    AssetPage: assetPageSchema,
    AssetWithEdges: assetWithEdgesSchema,
    Budget: budgetSchema,
    BudgetList: budgetListSchema,
    Entry: entrySchema,
    EntryPage: entryPageSchema,
    Explanation: explanation,
    Scan: scanSchema,
    ScanPage: scanPageSchema,
    ScanReport: reportSchema,
  }
}
