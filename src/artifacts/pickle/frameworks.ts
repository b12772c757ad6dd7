// The packages whose classes a pickle may instantiate without their constructor and give a state to, which is what
// pickles of models are made of; and the parts of them that hold other things than values.
// Sources: the class definitions and __setstate__ methods of numpy 2.4, torch 2.13, scikit-learn 1.9, pandas 3.0,
// scipy 1.17, joblib 1.6, xgboost, lightgbm 4.7, catboost, transformers 5.18, tokenizers 0.23.
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
  dgl torch_geometric torch_scatter torch_sparse sympy cvxpy ngboost river autogluon h2o tpot featuretools lightning_utilities
  torchdata torchrl tensordict ml_collections munch box attrdict kornia albumentations flair pytorch_metric_learning
  pytorch_tabnet pytorch_forecasting darts gluonts arch pgmpy bertopic sparse numcodecs shapely geopandas pyproj
  __torch__`.split(/\s+/),
)

/** Parts of them that hold other things than values: loaders, compilers, test runners, serialisers of code. */
const closed = [
  'joblib.externals',
  'joblib.memory',
  'joblib.hashing',
  'joblib.numpy_pickle_utils',
  'joblib._store_backends',
  'joblib.parallel',
  'joblib.pool',
  'joblib.executor',
  'torch.hub',
  'torch.package',
  'torch.jit',
  'torch._jit_internal',
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
  'torch.jit._pickle',
  'torch.utils._pytree',
  'torch.utils._ordered_set',
  'torch.utils.hooks',
  'torch.utils.mkldnn',
  'torch.utils.data.dataset',
  'torch.utils.data.sampler',
  'torch.utils.data.distributed',
  'torch.utils.data.dataloader',
  'torch.distributed.tensor',
  'torch.distributed._tensor',
  'torch.distributed._shard.metadata',
  'torch.distributed._shard.sharded_tensor.metadata',
  'torch.distributed._shard.sharding_spec',
  'torch.distributed._composable',
  'torch.distributed._remote_device',
  'torch.distributed.remote_device',
  'torch.distributed.device_mesh',
  'torch.distributed.fsdp',
  'torch.distributed.optim',
  'torch.distributed.checkpoint.metadata',
  'torch.distributed.checkpoint.filesystem',
  'torch.distributed.checkpoint.planner',
  'torch.distributed.checkpoint._nested_dict',
  'numpy.lib._stride_tricks_impl',
  'numpy.lib.stride_tricks',
  'numpy.lib.polynomial',
  'numpy.lib._polynomial_impl',
  'numpy.lib.function_base',
  'numpy.lib._function_base_impl',
  'numpy.lib.index_tricks',
  'numpy.lib._index_tricks_impl',
  'scipy._lib._util',
  'scipy._lib._bunch',
  'scipy._lib.uarray',
  'scipy.io.matlab.mio5_params',
  'scipy.io.matlab._mio5_params',
  'tensorflow.python.framework.dtypes',
  'tensorflow.python.framework.tensor_shape',
  'tensorflow.python.framework.tensor_spec',
  'tensorflow.python.keras',
  'tensorflow.python.trackable',
  'sklearn.datasets.base',
  'sklearn.datasets._base',
  'transformers.utils.generic',
  'transformers.utils.quantization_config',
  'keras.src.utils.tracking',
  'keras.src.saving.keras_saveable',
  'keras.src.utils.data_utils',
]

/** Classes that do something when they are given a state, are hashed or go away, or in their `__new__`. */
const gadgets = new Set([
  'numpy.DataSource',
  'numpy.vectorize',
  'pandas.HDFStore',
  'pandas.ExcelFile',
  'pandas.ExcelWriter',
  'pyarrow.PyExtensionType',
  'pyarrow.UnknownExtensionType',
  'pyarrow.lib.PyExtensionType',
  'pyarrow.lib.UnknownExtensionType',
  'torch.nn.modules.lazy.LazyModuleMixin',
  'torch.storage.UntypedStorage.from_file',
  'xgboost.core.DMatrix',
  'xgboost.DMatrix',
])

export function isFramework(module: string): boolean {
  return roots.has(rootOf(module))
}

/** A part that loads, compiles, tests or serialises code. */
export function isClosed(module: string): boolean {
  return !open.some((part) => isWithin(module, part)) && closed.some((part) => isWithin(module, part))
}

export function isGadget(path: string): boolean {
  return gadgets.has(path)
}

function isWithin(module: string, part: string): boolean {
  return module === part || module.startsWith(`${part}.`)
}
