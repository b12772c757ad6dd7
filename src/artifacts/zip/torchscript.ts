// TorchScript: the code of a model, compiled by torch when it is loaded and run when it is called. It is a language of
// its own, written like Python; what it can reach are operators, by their names.
import type { Examination } from '../format.ts'
import type { Rule } from '../rule.ts'
import type { Source } from '../source.ts'
import { shown } from '../text.ts'

const fileOperator: Rule = {
  id: 'torchscript/file-operator',
  title: 'The code of the model reads or writes files, or loads libraries',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-94'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2025-32434'],
  remedy: 'Do not run the model; get its weights as safetensors.',
}

const foreignOperator: Rule = {
  id: 'torchscript/foreign-operator',
  title: 'The code of the model needs a library of operators that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-829'],
  remedy: 'Load only libraries of operators that you trust.',
}

const windowLength = 4 * 1024 * 1024
const overlap = 256

/** `torch.save(…)`, `ops.aten.from_file(…)`, `torch.ops.x.load(…)`. */
const fileCall =
  /\b(?:torch|ops|aten|prim|_C)\b(?:\.\w+){0,3}\.(save|load|from_file|load_library|load_for_mobile|tofile|fromfile|open|system|popen|exec|eval|PythonOp|import_ir_module)\s*\(|\^\w+\(|\b(?:__import__|os\.system|subprocess)\b/g
const operatorCall = /\bops\.(\w+)\.(\w+)\s*\(/g
const knownLibraries = new Set(
  'aten prim quantized prepacked torchvision torchaudio torchtext torch_sparse torch_scatter torch_cluster _quantized mkldnn mkldnn_prepacked xnnpack sparse onednn profiler cuda static_runtime fb metal vulkan image inductor c10d _c10d_functional detectron2 mmcv fbgemm nestedtensor'.split(
    ' ',
  ),
)

export function examineTorchScript({ report, budget }: Examination, name: string, source: Source): void {
  const seen = new Set<string>()
  for (let offset = 0; offset < source.size; offset += windowLength) {
    budget.checkTime()
    const text = Buffer.from(source.read(offset, windowLength + overlap)).toString('latin1')
    for (const { 0: call, index } of text.matchAll(fileCall)) {
      const subject = shown(call.replace(/\s*\($/, ''))
      if (seen.has(subject)) continue
      seen.add(subject)
      const message = `${shown(name)} calls ${subject}.`
      report({ rule: fileOperator, message, at: { offset: offset + index, element: subject }, subject })
    }
    for (const { 0: call, 1: library = '', index } of text.matchAll(operatorCall)) {
      if (knownLibraries.has(library) || seen.has(library)) continue
      seen.add(library)
      const message = `${shown(name)} calls ${shown(call)}…), of a library of its own.`
      report({ rule: foreignOperator, message, at: { offset: offset + index }, subject: shown(library) })
    }
  }
}
