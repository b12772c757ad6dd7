// What an operator of TensorFlow does beyond computing, told by its name: TensorFlow names operators by what they do,
// in every release and in the packages around it, so new ones of the same kind are told too.
// Source: tensorflow/core/ops/*.cc (2.21), tensorflow-io.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const
const remedy =
  'Do not load it; export the model anew without the operator, or run it in a sandbox without files and network.'

export const codeOperator: Rule = {
  id: 'tensorflow/code-operator',
  title: 'An operator runs code that is not part of the graph',
  severity: 'critical',
  cwe: ['CWE-94'],
  ...about,
  references: ['https://www.tensorflow.org/api_docs/python/tf/py_function'],
  remedy,
}

export const fileOperator: Rule = {
  id: 'tensorflow/file-operator',
  title: 'An operator reads or writes files',
  severity: 'high',
  cwe: ['CWE-73'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

export const networkOperator: Rule = {
  id: 'tensorflow/network-operator',
  title: 'An operator uses the network',
  severity: 'high',
  cwe: ['CWE-918'],
  ...about,
  references: ['https://arxiv.org/abs/2601.04553'],
  remedy,
}

const kinds: readonly (readonly [Rule, RegExp])[] = [
  [
    codeOperator,
    /py_?(?:func|thon|call|op)|numpy_?function|load_?library|dlopen|shell|exec(?:ute)?(?:command|process|script)|subprocess|eval(?:uate)?(?:script|python)|lua|javascript/i,
  ],
  [
    networkOperator,
    /rpc|http|socket|grpc|dataservice|bigtable|bigquery|gcs|(?<![a-z])s3|kafka|pubsub|mongo|redis|kinesis|elasticsearch|debug(?:identity|nan|numeric|gradient)|workerheartbeat|remotefusedgraph|_(?:send|recv)$|^(?:host)?(?:send|recv)$|ignite|prometheus/i,
  ],
  [
    fileOperator,
    /file|reader(?!$)|(?<!tensor)reader(?:v\d)?$|record(?:dataset|reader|input)|textline|csv|sql|lmdb|hdf5|parquet|avro|arrow(?:dataset|feather)|(?:save|load|snapshot|cache)dataset|datasetfromfile|summary(?:writer|db)|writesummary|createsummary|flushsummary|importevent|writescalarsummary|checkpoint(?!format)|^(?:save|restore)(?:slices?|v2)?$|libsvm|audio(?:dataset)|videodataset|ffmpeg|decodeprotov|encodeproto|registerdataset|assertnextdir|dump|printv2tofile/i,
  ],
]

/** What saving and loading a model is made of; every SavedModel has them, in functions that only saving calls. */
const ownFiles = new Set([
  'SaveV2',
  'RestoreV2',
  'MergeV2Checkpoints',
  'ShardedFilename',
  'ShardedFilespec',
  'CheckpointHasKeysV2',
])
/** Reads a vocabulary that lies in the model's own assets. */
const assetReaders = new Set(['InitializeTableFromTextFile', 'InitializeTableFromTextFileV2'])

/** @returns the rule that the operator falls under; undefined when it computes, or loads and saves the model itself */
export function judgeOperator(name: string): Rule | undefined {
  if (ownFiles.has(name) || assetReaders.has(name)) return undefined
  return kinds.find(([, pattern]) => pattern.test(name))?.[0]
}

/** Operators of a package have a namespace: `IO>ReadableRead`, `TFText>…`. */
export function isCustomOperator(name: string): boolean {
  return name.includes('>') || name.includes('/')
}
