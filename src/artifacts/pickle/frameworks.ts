// What of the machine-learning frameworks a pickle may use. Instantiating a class without its constructor and giving it
// its state back is what pickles of models are made of, so that is allowed for the classes of known frameworks; calling
// a function is allowed only for those that rebuild values, with their arguments checked.
// Sources: the __reduce__ and __setstate__ methods of numpy 2.4, torch 2.13, scikit-learn 1.9, pandas 3.0, scipy 1.17,
// joblib 1.6, xgboost, lightgbm 4.7, catboost, transformers 5.18, tokenizers 0.23.
import { rootOf } from './standard-library.ts'

/** Packages whose classes may be instantiated without their constructor. */
const roots = new Set(
  `numpy scipy sklearn pandas torch torchvision torchaudio torchtext transformers tokenizers accelerate datasets peft
  diffusers safetensors sentence_transformers timm xgboost lightgbm catboost keras tensorflow tf_keras keras_hub jax jaxlib
  flax optax haiku equinox chex statsmodels imblearn skops category_encoders mlxtend prophet pmdarima sktime tslearn
  hmmlearn lifelines gensim nltk spacy thinc srsly cymem preshed networkx onnx onnxruntime pyarrow polars dask xarray cupy
  cudf cuml numba fastai fastcore pytorch_lightning lightning lightning_fabric torchmetrics omegaconf easydict addict yacs
  skorch gpytorch linear_operator botorch pyro ultralytics detectron2 fvcore mmcv mmengine mmdet mmseg segmentation_models_pytorch monai
  nibabel PIL skimage stable_baselines3 gym gymnasium hyperopt optuna econml dowhy interpret shap lime umap hdbscan pynndescent
  implicit surprise lightfm faiss annoy patsy formulaic joblib attr attrs pydantic pydantic_core sortedcontainers dateutil pytz tzlocal
  bitsandbytes trl deepspeed megatron nemo fairseq espnet speechbrain whisper open_clip clip einops rdkit ase deepchem
  dgl torch_geometric torch_scatter torch_sparse sympy cvxpy ngboost river autogluon h2o tpot featuretools`.split(
    /\s+/,
  ),
)

/** Parts of them that hold other things than values: loaders, compilers, test runners, serialisers of code. */
const closed = [
  'joblib.externals',
  'joblib.memory',
  'joblib.parallel',
  'joblib.pool',
  'joblib.executor',
  'torch.hub',
  'torch.package',
  'torch.jit',
  'torch._dynamo',
  'torch._inductor',
  'torch.fx',
  'torch.multiprocessing',
  'torch.distributed',
  'torch.utils',
  'torch.testing',
  'torch.onnx',
  'torch.export',
  'torch._export',
  'torch._ops',
  'torch.ops',
  'torch.cuda._sanitizer',
  'numpy.testing',
  'numpy.f2py',
  'numpy.distutils',
  'numpy.lib',
  'numpy.ctypeslib',
  'numpy.compat',
  'numpy.conftest',
  'scipy._lib',
  'scipy.io',
  'pandas.io',
  'pandas.compat',
  'pandas.util',
  'pandas.testing',
  'pandas.core.computation',
  'sklearn.datasets',
  'sklearn.externals',
  'sklearn.utils._testing',
  'sklearn.utils.estimator_checks',
  'tensorflow.python',
  'tensorflow.io',
  'keras.src.saving',
  'keras.saving',
  'keras.src.legacy',
  'keras.utils',
  'keras.src.utils',
  'transformers.utils',
  'transformers.dynamic_module_utils',
  'transformers.pipelines',
  'jax._src.compiler',
  'numba.core',
  'pyarrow.fs',
  'pyarrow.parquet',
  'pyarrow.ipc',
  'datasets.load',
  'datasets.packaged_modules',
  'nltk.internals',
  'nltk.data',
  'spacy.cli',
  'PIL.ImageMath',
  'PIL.ImageGrab',
  'omegaconf.resolvers',
]

/** Parts of closed parts that are values all the same. */
const open = [
  'torch.utils._pytree',
  'torch.utils.data.dataset',
  'torch.utils.data.sampler',
  'torch.distributed.tensor',
  'torch.distributed._tensor',
  'numpy.lib._stride_tricks_impl',
  'tensorflow.python.framework.dtypes',
  'tensorflow.python.framework.tensor_shape',
  'sklearn.utils._bunch',
  'transformers.utils.generic',
  'transformers.utils.quantization_config',
  'keras.src.utils.tracking',
  'keras.src.saving.keras_saveable',
]

/** Classes that do something when they are given a state, or in their `__new__`. */
const gadgets = new Set([
  'numpy.memmap',
  'numpy.core.memmap.memmap',
  'numpy._core.memmap.memmap',
  'torch.nn.modules.lazy.LazyModuleMixin',
  'sklearn.utils.fixes.threadpool_info',
  'pandas.DataFrame.eval',
  'pyarrow.PyExtensionType',
  'pyarrow.lib.PyExtensionType',
])

export function isFramework(module: string): boolean {
  return roots.has(rootOf(module))
}

/** Whether a class of a framework may be instantiated and given a state. */
export function isOpen(module: string, name: string): boolean {
  if (gadgets.has(`${module}.${name}`)) return false
  return open.some((part) => isWithin(module, part)) || !closed.some((part) => isWithin(module, part))
}

function isWithin(module: string, part: string): boolean {
  return module === part || module.startsWith(`${part}.`)
}

/**
 * Functions that rebuild a value from data: they may be called with anything that is not itself refused. Patterns over
 * `module.name`.
 */
const rebuilders: readonly RegExp[] = [
  /^numpy(?:\.core|\._core)\.(?:multiarray|_multiarray_umath)\.(?:_reconstruct|scalar)$/,
  /^numpy(?:\.core|\._core)\.numeric\._frombuffer$/,
  /^numpy(?:\.core|\._core)\._internal\._convert_to_stringdtype_kwargs$/,
  /^numpy\.(?:ndarray|dtype|matrix|recarray|record|[a-z]+\d+_?|bool_?|str_|bytes_|void|object_|generic|longlong|ulonglong|intc|uintc|longdouble|half|single|double|cdouble|float|int)$/,
  /^numpy\.matrixlib\.defmatrix\.matrix$/,
  /^numpy(?:\.core|\._core)?\.(?:records\.)?(?:recarray|record)$/,
  /^numpy\.dtypes\.\w+DType$/,
  /^numpy\.random\._pickle\.__(?:generator|randomstate|bit_generator)_ctor$/,
  /^numpy\.ma\.core\._(?:mareconstruct|mvoid)$/,
  /^numpy\.polynomial\.\w+\.\w+$/,
  /^torch\._utils\._rebuild_\w+$/,
  /^torch\._tensor\._rebuild_from_type(?:_v2)?$/,
  /^torch\.(?:Tensor|Size|device|dtype|Generator|layout|memory_format|qscheme|QScheme)$/,
  /^torch\.nn\.parameter\.(?:Parameter|Buffer|UninitializedParameter)$/,
  /^torch\.serialization\._(?:get_layout|get_dtype)$/,
  /^torch\.(?:[A-Z]\w*Storage|[A-Z]\w*Tensor)$/,
  /^torch\.storage\.(?:Untyped|Typed|_LegacyStorage)\w*$/,
  /^torch\.(?:float|double|half|bfloat16|u?int\d+|float\d+\w*|complex\d+|c(?:float|double|half)|bool|short|long|qu?int\w+|strided|sparse_\w+|per_\w+|contiguous_format|channels_last\w*|preserve_format)$/,
  /^torch\.torch_version\.TorchVersion$/,
  /^pandas\._libs\.internals\._unpickle_block$/,
  /^pandas\.core\.indexes\.base\._new_Index$/,
  /^pandas\.core\.indexes\.\w+\._new_\w+$/,
  /^pandas\._libs\.(?:tslibs\.\w+\.)?(?:_unpickle_timestamp|_nat_unpickle|_timedelta_unpickle|_unpickle_\w+)$/,
  /^pandas\._libs\.tslibs\.(?:offsets|period|timedeltas|timestamps|nattype|dtypes)\.\w+$/,
  /^pandas\.core\.internals\.(?:managers|blocks)\.\w*(?:BlockManager|Block|new_block|make_block)$/,
  /^pandas\.(?:Timestamp|Timedelta|Period|Interval|NaT|NA|\w+Dtype|\w+Index|DataFrame|Series|Categorical|arrays\.\w+)$/,
  /^pandas\.core\.dtypes\.dtypes\.\w+Dtype$/,
  /^pandas\.core\.(?:indexes|arrays)\.[\w.]+\.[A-Z]\w*$/,
  /^sklearn\.(?:tree\._tree\.Tree|neighbors\._(?:kd_tree|ball_tree)\.newObj|neighbors\._(?:kd_tree|ball_tree)\.\w+Tree\w*|(?:metrics\._dist_metrics|neighbors\._dist_metrics)\.newObj)$/,
  /^sklearn\._loss\.(?:_loss|loss|link|glm_distribution)\.\w+$/,
  /^sklearn\.(?:linear_model\._sgd_fast|utils\._weight_vector|utils\._random|utils\._fast_dict|ensemble\._hist_gradient_boosting\.[\w.]+|gaussian_process\.kernels|linear_model\.sgd_fast|ensemble\.gradient_boosting|ensemble\._gb_losses)\.[A-Z]\w*$/,
  /^(?:re|regex\._regex_core|regex)\._compile$/,
  /^[\w.]+\.__pyx_unpickle_\w+$/,
  /^(?:dateutil\.tz\.tz\.tz\w+|pytz\._(?:UTC|p))$/,
  /^pyarrow\.lib\.(?:_restore_array|py_buffer|chunked_array|_reconstruct_\w+|type_for_alias|schema|field|\w+Type)$/,
  /^(?:jax\._src\.array\._reconstruct_array|jaxlib\.xla_extension\.\w+)$/,
  /^cupy\._core\.core\.array$/,
  /^(?:spacy|thinc|cymem|preshed)\.[\w.]+\.(?:unpickle_\w+|_?unpickle\w*|from_\w+)$/,
  /^tensorflow\.python\.framework\.(?:dtypes\.(?:as_dtype|DType)|tensor_shape\.TensorShape)$/,
  /^networkx\.[\w.]+\.\w*Graph$/,
]

export function isRebuilder(path: string): boolean {
  return rebuilders.some((pattern) => pattern.test(path))
}

/** In any package: named like a function that gives a value its form back. */
const reconstructorShape =
  /^_*(?:re_?construct|re_?build|un_?pickle|restore|from_(?:bytes|buffer|state|dict|tuple|list|array)|make_(?:array|tensor)|new_?obj|deserialize|ctor)(?:_\w+|[A-Z]\w*)?$|_ctor$/i

export function isReconstructorName(name: string): boolean {
  return reconstructorShape.test(name)
}

/** `Outer.Inner`, `_Private`: how classes are named. */
export function isClassName(name: string): boolean {
  return name.split('.').every((part) => /^_*[A-Z]\w*$/.test(part))
}
