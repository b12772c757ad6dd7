// Every format that the scanner reads, one line each.
import { arrow } from './arrow/format.ts'
import { bzip2, gzip, lz4, lzma, xz, zfile, zlib, zstd } from './compressed/format.ts'
import { coreml } from './coreml/format.ts'
import { csv } from './csv/format.ts'
import type { Format } from './format.ts'
import { ggml } from './ggml/format.ts'
import { gguf } from './gguf/format.ts'
import { hdf5 } from './hdf5/format.ts'
import { jinja } from './jinja/format.ts'
import { json, jsonLines } from './json/format.ts'
import { kerasConfig } from './keras/format.ts'
import { media } from './media/format.ts'
import { pdf } from './media/pdf.ts'
import { msgpack } from './msgpack/format.ts'
import { npy } from './npy/format.ts'
import { onnx } from './onnx/format.ts'
import { parquet } from './parquet/format.ts'
import { pickle } from './pickle/format.ts'
import { program } from './program/format.ts'
import { python, pythonBytecode } from './python/format.ts'
import { rds } from './rds/format.ts'
import { numbersFile, sentencePiece, tfRecord } from './records/format.ts'
import { requirements } from './requirements/format.ts'
import { safetensors } from './safetensors/format.ts'
import { markup, pathFile, script } from './script/format.ts'
import { sevenZip } from './sevenzip/format.ts'
import { tar } from './tar/format.ts'
import { checkpointIndex, checkpointShard, fingerprint } from './tensorflow/checkpoint.ts'
import { frozenGraph, kerasMetadata, metaGraph, savedModel } from './tensorflow/format.ts'
import { textGraph } from './tensorflow/text-format.ts'
import { text } from './text/format.ts'
import { tflite } from './tflite/format.ts'
import { xml } from './xml/format.ts'
import { yaml } from './yaml/format.ts'
import { zip } from './zip/format.ts'

export const formats: readonly Format[] = [
  zip,
  sevenZip,
  tar,
  gzip,
  bzip2,
  xz,
  lzma,
  lz4,
  zstd,
  zlib,
  zfile,
  npy,
  safetensors,
  gguf,
  ggml,
  onnx,
  hdf5,
  savedModel,
  metaGraph,
  frozenGraph,
  textGraph,
  checkpointIndex,
  checkpointShard,
  fingerprint,
  kerasMetadata,
  tflite,
  kerasConfig,
  coreml,
  rds,
  xml,
  jinja,
  pickle,
  program,
  json,
  jsonLines,
  yaml,
  csv,
  parquet,
  arrow,
  media,
  pdf,
  tfRecord,
  sentencePiece,
  msgpack,
  numbersFile,
  python,
  pythonBytecode,
  requirements,
  script,
  markup,
  pathFile,
  text,
]
