// Weighs what a configuration would have imported and called: a dotted name and, with it, arguments that the configuration
// gives. What pickles are judged by is used here too, but a constructor is called here, not passed over.
import { capability } from '../pickle/capabilities.ts'
import { isFramework } from '../pickle/frameworks.ts'
import { isStandardLibrary, isValueMaker, rootOf } from '../pickle/standard-library.ts'
import type { Severity } from '../rule.ts'

export interface Weight {
  readonly severity: Severity
  /** `runs programs`, … */
  readonly what: string
}

/** Modules of Python's library whose functions work on values alone. */
const harmless =
  /^(?:math|cmath|statistics|datetime|collections|decimal|fractions|string|typing|enum|dataclasses|itertools|hashlib|copy|uuid|numbers|json|re|textwrap|random|time|zoneinfo|calendar|heapq|bisect|os\.path|posixpath|ntpath)$/

const harmlessNames = new Set([
  'functools.partial',
  'functools.reduce',
  'operator.itemgetter',
  'logging.getLogger',
  'logging.Formatter',
  'logging.StreamHandler',
  'logging.NullHandler',
  'pathlib.Path',
  'pathlib.PurePath',
  'argparse.Namespace',
  'types.SimpleNamespace',
  'builtins.getattr',
  'os.getcwd',
  'os.cpu_count',
])

/** Packages of configurations beside those that pickles name. */
const configurationRoots = new Set(
  `hydra nemo ldm sgm mlflow lightning_utilities mmpose mmaction mmpretrain modelscope paddle paddlenlp torchrl ray wandb
  tensorboard llama_index langchain langchain_core langchain_community haystack kedro bentoml sacrebleu evaluate megatron
  apex torchtune litgpt vllm unsloth xformers flash_attn mamba_ssm kornia albumentations rasterio cv2 spacy_transformers
  flair stanza allennlp parlai pyannote asteroid torchio nnunetv2 ignite composer streaming optimum auto_gptq awq gptqmodel
  setfit pylate colpali_engine sktime darts gluonts neuralforecast statsforecast uni2ts nemo_text_processing sentencepiece
  coremltools tritonclient model_archiver ts`.split(/\s+/),
)

const dangerousName =
  /^(?:loads?|load_\w*|read_pickle|exec\w*|eval|system|popen|run|runs?\w*string|spawn\w*|compile\w*|getlincoef|import_\w*|download\w*|get_file|open\w*|save\w*|dump\w*|write\w*|unlink|remove|rmtree|urlopen|urlretrieve|call|script|shell|check_output|getoutput|from_file|fromfile|tofile|memmap|load_state_dict_from_url|load_url|load_lib\w*|load_op_library|load_model|py_func\w*|numpy_function)$|exec|eval_|_eval|shell|command|subprocess|unpickle|cpp_extension|load_inline/i

/** Named so, they give back what is not loaded from files: measures, schedules, transformations. */
const notDangerous = /^(?:evaluate\w*|evaluator\w*|\w*eval(?:uation|uator)\w*|executor\w*|run_name)$/i

/** @returns undefined for what is known to be harmless */
export function weighImport(path: string, allowed: ReadonlySet<string>): Weight | undefined {
  const clean = path.trim().replaceAll(':', '.')
  const dot = clean.lastIndexOf('.')
  const module = dot < 0 ? 'builtins' : clean.slice(0, dot)
  const name = clean.slice(dot + 1)
  if (allowed.has(clean) || allowed.has(`${module}.*`) || allowed.has(`${rootOf(module)}.*`)) return undefined
  if (clean.split('.').some((part) => /^__\w+__$/.test(part) && part !== '__init__'))
    return { severity: 'critical', what: 'gets at anything' }
  if (isStandardLibrary(module)) {
    if (harmless.test(module) || harmlessNames.has(clean) || isValueMaker(module, name)) return undefined
    const what = capability(module)
    const isMild = what === undefined || what === 'gets at anything'
    return { severity: isMild ? 'high' : 'critical', what: what ?? 'is of no known use in a configuration' }
  }
  const root = rootOf(clean)
  if (isFramework(clean) || configurationRoots.has(root)) {
    if (dangerousName.test(name) && !notDangerous.test(name))
      return { severity: 'high', what: 'loads, opens or runs what its arguments name' }
    return undefined
  }
  // Other frameworks that can do what the library can.
  const what = capability(module)
  if (what !== undefined && what !== 'gets at anything') return { severity: 'high', what }
  return isClassName(name)
    ? { severity: 'low', what: 'belongs to a package that is not known' }
    : { severity: 'medium', what: 'belongs to a package that is not known' }
}

/** How classes are named. */
export function isClassName(name: string): boolean {
  return /^_*[A-Z]\w*$/.test(name)
}

/** `package.module.Name`, as it stands in configurations; one name alone is a registry's. */
export function isImportPath(text: string): boolean {
  return text.length <= 300 && /^[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+$/.test(text)
}
