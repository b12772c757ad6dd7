// Parameters of sampling that chat and plain completions have in common.
import { WireError } from '../errors.ts'
import type { JsonNode, JsonObject } from '../json-tree.ts'
import { readCount } from '../parameters.ts'
import type { Place } from '../part.ts'
import type { Reader } from '../reader.ts'
import { either, invalid, json, list, object, type Shape, scalar, text } from '../shape.ts'

const anything = json()

export const samplingFields = {
  stream: scalar,
  stream_options: object({ include_usage: scalar, include_obfuscation: scalar }),
  n: scalar,
  max_tokens: scalar,
  temperature: scalar,
  top_p: scalar,
  frequency_penalty: scalar,
  presence_penalty: scalar,
  seed: scalar,
  logit_bias: tokenBiases,
  logprobs: scalar,
  stop: either({ string: text, array: list(text) }),
  user: text,
} satisfies Record<string, Shape>

/** Token ids as keys, numbers as values. */
function tokenBiases(reader: Reader, node: JsonNode, path: string, place: Place): void {
  const isPlain = node.kind === 'object' && node.members.every((member) => /^\d{1,7}$/.test(member.name))
  if (isPlain) for (const member of node.members) scalar(reader, member.value, `${path}/${member.name}`, place)
  else anything(reader, node, path, place)
}

/** A number of answers, at least 1 and at most as many as the options allow. */
export function readChoices(reader: Reader, root: JsonObject, name: 'n' | 'best_of'): number {
  const choices = readCount(reader, root, name) ?? 1
  const { maxChoices } = reader.options
  if (choices >= 1 && choices <= maxChoices) return choices
  throw invalid(`/${name}`, `must be between 1 and ${maxChoices}`)
}

/** @throws WireError unless the options say that they are dropped from the stream */
export function refuseStreamedLogprobs(reader: Reader): void {
  if (reader.options.streamedLogprobs === 'drop') return
  throw new WireError({
    code: 'opaque_content',
    status: 400,
    message:
      '"logprobs" would carry the streamed answer past inspection. Ask without "stream" or without "logprobs"; the operator can have them dropped (option "streamedLogprobs").',
    param: 'logprobs',
  })
}
