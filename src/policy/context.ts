/** What a schema lets policies know of a request. */
import type { PolicySet } from './compile.ts'
import { type EntityUidJson, readUid } from './json.ts'

/**
 * Whether requests for this action may have an attribute of that name in their context. Without a schema, all may.
 *
 * @throws JsonProblem when `action` is no entity uid
 */
export function contextMayHave({ schema }: PolicySet, action: EntityUidJson, attribute: string): boolean {
  if (schema === undefined) return true
  return schema.actionTypes.get(readUid(action, ['action']).key)?.context.attributes.has(attribute) === true
}
