// What an operator of TensorFlow does beyond computing: known for TensorFlow's own, told by its name for those of other
// packages, which follow the same habits.
import type { Rule } from '../rule.ts'
import { codeOperators, computingOperators, fileOperators, networkOperators } from './known-operators.ts'
import { codeOperator, fileOperator, networkOperator } from './rules.ts'

export type Effect =
  | 'code'
  | 'files'
  | 'network'
  /** Saves and loads the model itself: harmless unless it is told a place of its own. */
  | 'own-files'
  /** Reads a vocabulary, which belongs among the assets of the model. */
  | 'vocabulary'
  /** Depends on its attributes or inputs. */
  | 'depends'
  | 'computes'
  | 'unknown'

const ownFiles = new Set([
  'SaveV2',
  'RestoreV2',
  'MergeV2Checkpoints',
  'CheckpointHasKeys',
  'CheckpointHasKeysV2',
  'Save',
  'SaveSlices',
  'Restore',
  'RestoreSlice',
  'ShardedFilename',
  'ShardedFilespec',
])
const vocabularies = new Set(['InitializeTableFromTextFile', 'InitializeTableFromTextFileV2'])
const dependent = new Set(['CacheDataset', 'CacheDatasetV2', 'DecodeProtoV2', 'EncodeProto', 'PrintV2'])

export function effectOf(name: string): Effect {
  if (ownFiles.has(name)) return 'own-files'
  if (vocabularies.has(name)) return 'vocabulary'
  if (dependent.has(name)) return 'depends'
  if (computingOperators.has(name)) return 'computes'
  if (codeOperators.has(name)) return 'code'
  if (fileOperators.has(name)) return 'files'
  if (networkOperators.has(name)) return 'network'
  return habits.find(([, pattern]) => pattern.test(name))?.[0] ?? 'unknown'
}

/** How operators outside of TensorFlow are named that do more than compute. */
const habits: readonly (readonly ['code' | 'files' | 'network', RegExp])[] = [
  [
    'code',
    /py_?(?:func|thon|call|op(?!tim))|numpy_?function|load_?(?:library|op|plugin|module)|dl_?open|shell|exec(?!ut)|execute_?(?:command|process|script|code)|command|subprocess|spawn|popen|eval(?:uate)?_?(?:script|code|python|expr)|Lua(?![a-z])|java_?script|remote_?fused_?graph|host_?callback/i,
  ],
  [
    'network',
    /rpc|http|socket|(?:data_?)?service|big_?(?:table|query)|gcs|(?<![A-Za-z])S3|kafka|pub_?sub|mongo|redis|kinesis|elastic_?search|ignite|prometheus|download|upload|fetch_?url|url|webhook|tcp|udp|dns|ftp|smtp|postgres|mysql|oss(?=[A-Z])/i,
  ],
  [
    'files',
    /file(?!d)|reader|writer|record_?(?:dataset|input)|text_?line|csv_?dataset|sql|lmdb|hdf5|parquet|avro|arrow|feather|(?:save|load|snapshot|write|read)_?(?:data|model|tensor|image|audio|video|weights|checkpoint|state)|checkpoint|lib_?svm|ffmpeg|dump|ReadableRead|import_?event|open|mmap|directory|folder|path/i,
  ],
]

const rules: Readonly<Partial<Record<Effect, Rule>>> = {
  code: codeOperator,
  files: fileOperator,
  network: networkOperator,
}

export function ruleFor(effect: Effect): Rule | undefined {
  return rules[effect]
}

/** Of an operator outside of a SavedModel, where nothing is saved or loaded: whatever opens files is one too many. */
export function judgeOperator(name: string): Rule | undefined {
  const effect = effectOf(name)
  return effect === 'own-files' || effect === 'vocabulary' ? fileOperator : ruleFor(effect)
}
