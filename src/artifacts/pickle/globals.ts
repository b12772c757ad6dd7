// What a name that a pickle imports is: a value of Python's own library, a class of a framework, a function that
// rebuilds one, or something else. From that follows what may be done with it.
import { isActiveName } from './active-names.ts'
import { capability } from './capabilities.ts'
import { isClosed, isFramework, isGadget } from './frameworks.ts'
import { isRebuilder } from './rebuilders.ts'
import { isHarmlessMention, isStandardLibrary, isValueMaker, renamed } from './standard-library.ts'

export type Standing =
  /** A value type or function of Python's library: may be called. */
  | 'value'
  /** May be referred to; not called. */
  | 'mention'
  /** Its arguments decide; see calls.ts. */
  | 'checked'
  /** Rebuilds a value of a framework from data. */
  | 'rebuilder'
  /** A class of a framework: may be instantiated without its constructor. */
  | 'framework'
  /** A function of a framework that does nothing but compute. */
  | 'function'
  /** A class or function of a framework that does something: loads, runs, opens. */
  | 'active'
  /** Part of Python's library that is not known to be harmless. */
  | 'library'
  | 'foreign'
  /** On the site's list. */
  | 'trusted'

export interface Global {
  readonly module: string
  readonly name: string
  /** `module.name`, in the names of Python 3 and of today. */
  readonly path: string
  readonly standing: Standing
  /** Where it was first imported. */
  readonly offset: number
}

/** @param allowed  the names that a site trusts */
export function globalOf(module: string, name: string, offset: number, allowed: ReadonlySet<string>): Global {
  const [current, currentName] = renamed(module, name)
  const path = `${current}.${currentName}`
  const standing = standingOf(current, currentName, path, allowed)
  return { module: current, name: currentName, path, offset, standing }
}

function standingOf(module: string, name: string, path: string, allowed: ReadonlySet<string>): Standing {
  if (allowed.has(path) || allowed.has(`${module}.*`)) return 'trusted'
  if (isValueMaker(module, name)) return 'value'
  if (checkedNames.has(path) || isUnpickleMethod(module, name)) return 'checked'
  if (isRebuilder(path)) return 'rebuilder'
  if (isStandardLibrary(module)) return isHarmlessMention(module, name) ? 'mention' : 'library'
  if (!isFramework(module)) return codeSerialisers.test(module) ? 'library' : 'foreign'
  if (isGadget(path) || (isClosed(module) && !isHarmlessIn(module, name))) return 'active'
  if (isClassName(name)) return isActiveName(module, name) ? 'active' : 'framework'
  // A dotted name walks through attributes: through a module that the framework imports it leads anywhere.
  if (name.includes('.') && !isMethodOfClass(name)) return 'active'
  return isActiveName(module, name) || isModule(name) ? 'active' : 'function'
}

/** Within closed parts, plain functions of arithmetic are still no more than that. */
function isHarmlessIn(module: string, name: string): boolean {
  return /^numpy\.lib\b/.test(module) && /^[a-z0-9]+$/.test(name) && !isActiveName(module, name)
}

/** `Outer.Inner`, `_Private`: how classes are named. */
export function isClassName(name: string): boolean {
  return name.split('.').every((part) => /^_*[A-Z]\w*$/.test(part))
}

function isMethodOfClass(name: string): boolean {
  return /^_*[A-Z]\w*\.[a-z]\w*$/.test(name)
}

/** A module that the framework imports for itself; `trace` is a function of arithmetic as well. */
function isModule(name: string): boolean {
  return name !== 'trace' && capability(name) !== undefined
}

/** Keras saves itself within a pickle as a .keras file, and reads that with a method of its own. */
function isUnpickleMethod(module: string, name: string): boolean {
  return /^(?:tf_)?keras\./.test(module) && /^[A-Z]\w*\._unpickle_model$/.test(name)
}

/** Names whose calls are judged by their arguments; naming them is harmless. */
const checkedNames = new Set([
  '_codecs.encode',
  'copyreg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
  'builtins.getattr',
  'builtins.iter',
  'builtins.reversed',
  'builtins.enumerate',
  'builtins.zip',
  'operator.getitem',
  '_operator.getitem',
  'logging.getLogger',
  'zoneinfo.ZoneInfo',
  'zoneinfo.ZoneInfo._unpickle',
  'functools.partial',
  'numpy.memmap',
  'numpy.core.memmap.memmap',
  'numpy._core.memmap.memmap',
  'numpy.core._ufunc_reconstruct',
  'numpy._core._ufunc_reconstruct',
  'numpy.core._DType_reconstruct',
  'numpy._core._DType_reconstruct',
  'numpy.random._pickle.__generator_ctor',
  'numpy.random._pickle.__randomstate_ctor',
  'numpy.random._pickle.__bit_generator_ctor',
  'pandas.core.indexes.base._new_Index',
  'torch.storage._load_from_bytes',
  'torch._tensor._rebuild_from_type',
  'torch._tensor._rebuild_from_type_v2',
  'dateutil.tz.tz.tzfile',
  'keras.saving.pickle_utils.deserialize_model_from_bytecode',
  'keras.src.saving.pickle_utils.deserialize_model_from_bytecode',
  'keras.src.saving.legacy.pickle_utils.deserialize_model_from_bytecode',
  'tf_keras.src.saving.pickle_utils.deserialize_model_from_bytecode',
])

/** Packages that are no frameworks and whose very purpose is to run, to fetch or to serialise code. */
const codeSerialisers =
  /^(?:cloudpickle|dill|_dill|pexpect|ptyprocess|requests|httpx|aiohttp|urllib3|paramiko|boto3|botocore|IPython|ipykernel|jupyter_client|jinja2|mako|yaml|ruamel|cffi|fsspec|smart_open|sh|plumbum|fabric|invoke|fire|celery|twisted|websockets?|pyautogui|pynput|psutil|distutils|huggingface_hub|jsonpickle|execnet|rpyc|Pyro[45]|zmq|nbconvert|nbformat|numexpr|pyarrow_hotfix|psycopg2?|sqlalchemy|pymongo|redis|docker|kubernetes|git|virtualenv|tox|nose|pytest|_pytest|py|sphinx|scrapy|selenium|playwright|win32\w*|pywin32|comtypes|objc|jnius)(?:\.|$)/

/** Makes functions, classes or modules out of what the pickle brings along. */
export function isCodeMaker({ path }: Global): boolean {
  return /^(?:types\.(?:CodeType|FunctionType|ModuleType|LambdaType)|builtins\.(?:code|function)|(?:cloudpickle|dill|joblib\.externals\.cloudpickle)\b.*\._?(?:make_|create_|fill_|builtin_type|rehydrate|load_type|import_module|get_attr)\w*)/.test(
    path,
  )
}

/** A module and a name that Python could import at all. */
export function isImportable({ module, name }: Global): boolean {
  return (
    /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(module) && /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name)
  )
}
