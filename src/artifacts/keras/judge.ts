// What one object in a configuration is: a part of Keras that computes, somebody's own, or a way to something else.
import { capability } from '../pickle/capabilities.ts'
import { isFramework } from '../pickle/frameworks.ts'
import { isStandardLibrary, rootOf } from '../pickle/standard-library.ts'
import type { Rule, Severity } from '../rule.ts'
import { shown } from '../text.ts'
import {
  builtins,
  computingBuiltins,
  gadgetClasses,
  isClosed,
  isComputingFunction,
  isKeras,
  knownClasses,
  knownFunctions,
  plainClasses,
} from './names.ts'
import * as rules from './rules.ts'

export interface Named {
  readonly kind: 'class' | 'function'
  readonly name: string
  /** Undefined in older files, and where a name is registered. */
  readonly module: string | undefined
  /** What Keras looks up first, and in the module last. */
  readonly registeredName: string | undefined
}

export interface Judgement {
  readonly rule: Rule
  readonly message: string
  readonly severity?: Severity
}

/** @param isAllowed  whether the site trusts a name */
export function judgeObject(object: Named, isAllowed: (name: string) => boolean): Judgement | undefined {
  const { kind, name, module, registeredName } = object
  const full = module === undefined ? name : `${module}.${name}`
  if (isAllowed(full)) return undefined
  const worst = [judgeName(object)]
  // Keras looks for the registered name in the module too when the other is not there.
  if (
    registeredName !== undefined &&
    registeredName !== name &&
    registeredName !== 'function' &&
    !registeredName.includes('>')
  )
    worst.push(judgeName({ kind, name: registeredName, module, registeredName: undefined }))
  return worst.filter((each) => each !== undefined).sort((a, b) => weight(b) - weight(a))[0]
}

function weight({ rule, severity }: Judgement): number {
  return ['info', 'low', 'medium', 'high', 'critical'].indexOf(severity ?? rule.severity)
}

function judgeName({ kind, name, module, registeredName }: Named): Judgement | undefined {
  const what = `The ${kind} ${shown(module === undefined ? name : `${module}.${name}`)}`
  if (kind === 'class' && plainClasses.has(name)) return undefined
  const does = gadgetClasses[afterPackage(name)]
  if (does !== undefined && Object.hasOwn(gadgetClasses, afterPackage(name)))
    return { rule: rules.gadget, message: `${what} ${does}.` }
  if (!isIdentifier(name)) return { rule: rules.oddNode, message: `${what} has a name that Keras does not give.` }
  if (module === undefined || module === '__main__') return judgeUnplaced(kind, name, what)
  if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(module))
    return { rule: rules.foreignModule, message: `${what} is in a module with an impossible name.` }
  if (isKeras(module)) return judgeKeras(kind, name, module, what)
  if (module === 'builtins' || module === '__builtin__') return judgeBuiltin(kind, name, what)
  if (kind === 'class' && /^tensorflow\.python\./.test(module) && /(?:Spec|TensorShape|DType)$/.test(name))
    return undefined
  return judgeForeign(kind, name, module, registeredName, what)
}

/** Without a module: a class of Keras, or one that has to be registered by whoever loads the model. */
function judgeUnplaced(kind: Named['kind'], name: string, what: string): Judgement | undefined {
  if (kind === 'class' && knownClasses.has(name)) return undefined
  if (kind === 'function' && builtins.has(name) && !computingBuiltins.has(name))
    return { rule: rules.foreignModule, message: `${what} is one of Python's own.` }
  return { rule: rules.customObject, message: `${what} is not a part of Keras.` }
}

function judgeKeras(kind: Named['kind'], name: string, module: string, what: string): Judgement | undefined {
  if (kind === 'class' && isClassName(name)) {
    if (!isClosed(module, name)) return undefined
    return { rule: rules.gadget, message: `${what} is not something that models are made of.` }
  }
  if (isComputingFunction(module, name)) return undefined
  return { rule: rules.gadget, message: `${what} does more than compute.` }
}

/** Keras writes `builtins` as the module of any function of somebody's own. */
function judgeBuiltin(kind: Named['kind'], name: string, what: string): Judgement | undefined {
  if (computingBuiltins.has(name) || (kind === 'function' && knownFunctions.has(name))) return undefined
  if (kind === 'class' || builtins.has(name) || name.startsWith('__'))
    return { rule: rules.foreignModule, message: `${what} is one of Python's own.` }
  return { rule: rules.customObject, message: `${what} is not a part of Keras.` }
}

/** Importing the module is what older versions of Keras do; only a package of one's own is a reason for that. */
function judgeForeign(
  kind: Named['kind'],
  name: string,
  module: string,
  registeredName: string | undefined,
  what: string,
): Judgement {
  const can = capability(module)
  if (can !== undefined)
    return { rule: rules.foreignModule, message: `${what} is in a module that ${can}.`, severity: 'critical' }
  if (isStandardLibrary(module) || isFramework(module) || wellKnown.has(rootOf(module)))
    return { rule: rules.foreignModule, message: `${what} is not a part of Keras.` }
  if (kind === 'class' && !isClassName(name))
    return { rule: rules.foreignModule, message: `${what} is a function, not a layer.` }
  const isRegistered = registeredName?.includes('>') === true
  const message = `${what} is not a part of Keras${isRegistered ? '' : ', and its module is imported'}.`
  return { rule: rules.customObject, message, ...(isRegistered ? {} : { severity: 'medium' as const }) }
}

/** Packages that many machines have and that no layer is in. */
const wellKnown = new Set(
  `numpy scipy pandas torch torchvision torchaudio tensorflow jax flax sklearn skimage joblib cloudpickle dill yaml
  ruamel requests urllib3 httpx aiohttp transformers huggingface_hub datasets tokenizers safetensors diffusers
  matplotlib PIL cv2 imageio onnx onnxruntime h5py zarr fsspec s3fs gcsfs pip setuptools pkg_resources wheel IPython
  ipykernel jupyter_client jupyter_core nbformat notebook flask werkzeug jinja2 django fastapi uvicorn starlette
  tornado twisted boto3 botocore google azure paramiko fabric invoke plumbum sh pexpect ptyprocess psutil docker
  kubernetes sqlalchemy pymysql psycopg2 redis pymongo numba llvmlite cython Cython cffi pybind11 pycparser mlflow
  wandb ray dask distributed pyspark lightgbm xgboost catboost nltk spacy gensim gradio streamlit click typer rich
  pydantic attr attrs six future past decorator cachetools cryptography OpenSSL nacl jwt git dulwich apscheduler celery
  lxml bs4 selenium playwright scrapy pyarrow polars openai anthropic langchain torch_geometric lightning
  pytorch_lightning optuna hydra omegaconf nemo_toolkit xdist pytest nose pluggy virtualenv conda distlib`.split(/\s+/),
)

/** `package>Name` is how registered names are written. */
function afterPackage(name: string): string {
  return name.slice(name.lastIndexOf('>') + 1)
}

function isIdentifier(name: string): boolean {
  return /^(?:[\w .-]+>)?[A-Za-z_][\w-]*$/.test(name)
}

function isClassName(name: string): boolean {
  return /^_*[A-Z]\w*$/.test(name)
}
