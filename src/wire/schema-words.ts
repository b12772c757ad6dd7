// Words of JSON Schema (drafts 4 to 2020-12) and of OpenAPI's dialect: as keys or values in a tool's schema they carry nothing.
export const SCHEMA_WORDS: ReadonlySet<string> = new Set(
  `$anchor $comment $defs $dynamicAnchor $dynamicRef $id $recursiveAnchor $recursiveRef $ref $schema $vocabulary
  additionalItems additionalProperties allOf anyOf array boolean const contains contentEncoding contentMediaType
  contentSchema date date-time default definitions dependencies dependentRequired dependentSchemas deprecated
  description else email enum examples exclusiveMaximum exclusiveMinimum format if integer items maxContains maxItems
  maxLength maxProperties maximum minContains minItems minLength minProperties minimum multipleOf not null nullable
  number object oneOf pattern patternProperties prefixItems properties propertyNames readOnly required string strict
  then title type unevaluatedItems unevaluatedProperties uniqueItems uri uuid writeOnly
  http://json-schema.org/draft-07/schema# https://json-schema.org/draft/2020-12/schema`.split(/\s+/),
)
