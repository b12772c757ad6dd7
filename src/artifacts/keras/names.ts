// Facts about Keras: which of its names a model is made of, and which of them do more than compute.
// Source: the public names of Keras 3.15 and tf.keras 2.15, and keras/src by module.

/**
 * Classes that older files name without a module. One that is missing here counts as somebody's own, which is no harm.
 */
const classNames = `
  AbstractRNNCell Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
  AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention
  AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D
  BatchNormalization BatchNormalizationV1 BatchNormalizationV2 Bidirectional CategoryCrossing CategoryEncoding
  CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D
  ConvLSTM3D Convolution1D Convolution2D Convolution3D Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CutMix Dense
  DenseFeatures DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization
  FeatureSpace Flatten Functional GRU GRUCell GRUV2 GaussianDropout GaussianNoise GlobalAveragePooling1D
  GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
  GroupNormalization GroupQueryAttention HashedCrossing Hashing Highway Identity InputLayer InputSpec IntegerLookup
  LSTM LSTMCell LSTMV2 Layer LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPooling1D
  MaxPooling2D MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp Model MultiHeadAttention Multiply
  Network Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorJitter
  RandomContrast RandomCrop RandomErasing RandomFlip RandomFourierFeatures RandomHeight RandomHue RandomRotation
  RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling
  Reshape Resizing SeparableConv1D SeparableConv2D SeparableConvolution2D Sequential SimpleRNN SimpleRNNCell Softmax
  Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup
  Subtract SyncBatchNormalization TextVectorization ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D
  UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D
  TFOpLambda SlicingOpLambda TensorFlowOpLayer AddLoss AddMetric AnonymousLayer
  Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer LossScaleOptimizerV1
  LossScaleOptimizerV3 MultiOptimizer Muon Nadam Optimizer RMSprop SGD TFOptimizer CosineDecay CosineDecayRestarts
  ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay PolynomialDecay
  Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal LecunUniform Ones Orthogonal
  OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros L1 L1L2 L2
  OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm DTypePolicy DTypePolicyMap Policy PolicyV1
  BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge
  Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss LossFunctionWrapper MeanAbsoluteError
  MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy
  SquaredHinge Tversky AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy F1Score FBetaScore FalseNegatives
  FalsePositives IoU LogCoshError Mean MeanIoU MeanMetricWrapper MeanRelativeError MeanTensor Metric OneHotIoU
  OneHotMeanIoU Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
  SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy SpecificityAtSensitivity Sum
  TopKCategoricalAccuracy TrueNegatives TruePositives CompileLoss CompileMetrics MetricsList SeedGenerator
  TensorShape TypeSpec CompositeTensor ListWrapper _DictWrapper _TupleWrapper KerasTensor
  glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform normal ones orthogonal random_normal
  random_uniform truncated_normal uniform variance_scaling zeros l1 l2 l1_l2 adam sgd rmsprop adagrad adadelta nadam
`
export const knownClasses: ReadonlySet<string> = new Set(classNames.split(/\s+/).filter((name) => name !== ''))

/** Values that stand for themselves. */
export const plainClasses: ReadonlySet<string> = new Set([
  '__tensor__',
  '__numpy__',
  '__bytes__',
  '__ellipsis__',
  '__slice__',
  '__tuple__',
  '__list__',
  '__dict__',
  '__set__',
  '__keras_tensor__',
  'TensorShape',
  'TypeSpec',
])

/** What loads, writes or runs something else, wherever in Keras it lies, and whatever version it claims. */
export const gadgetClasses: Readonly<Record<string, string>> = {
  TFSMLayer: 'loads a SavedModel from a path',
  TorchModuleWrapper: 'unpickles a module of PyTorch',
  FlaxLayer: 'calls functions that it is given',
  JaxLayer: 'calls functions that it is given',
  LambdaCallback: 'calls functions that it is given',
  ModelCheckpoint: 'writes files',
  BackupAndRestore: 'reads and writes files',
  CSVLogger: 'writes files',
  TensorBoard: 'writes files',
  OrbaxCheckpoint: 'writes files',
  RemoteMonitor: 'sends to an address',
  KerasFileEditor: 'opens files',
  ExportArchive: 'writes files',
  SavedModelExportArchive: 'writes files',
  LiteRTExporter: 'writes files',
  NeptuneModelExportArchive: 'writes files',
  LazyModule: 'imports modules',
  OrbaxLazyModule: 'imports modules',
  DynamicBackend: 'imports modules',
  DiskIOStore: 'opens files',
  H5IOStore: 'opens files',
  NpzIOStore: 'opens files',
  ShardedH5IOStore: 'opens files',
  DirectoryIterator: 'reads folders',
  DataFrameIterator: 'reads files',
  ImageDataGenerator: 'reads files',
  CustomObjectScope: 'changes what names mean',
  SafeModeScope: 'switches the safe mode off',
}

/** Parts of Keras that a model is not made of: they load, save, download, or change how others do. */
const closedParts = new Set([
  'utils',
  'saving',
  'export',
  'config',
  'datasets',
  'callbacks',
  'preprocessing',
  'visualization',
  'testing',
  'applications',
  'tree',
  'file_utils',
  'io_utils',
  'saving_api',
  'saving_lib',
  'python_utils',
  'module_utils',
])

/** What of the closed parts is in real models all the same. */
const openedParts = [
  /\.layers\.(?:.+\.)?preprocessing(?:\.|$)/,
  /^keras\.(?:layers\.)?experimental\.preprocessing$/,
  /\.src\.utils\.tracking$/,
]
const openedNames = new Set(['keras.utils.FeatureSpace', 'keras.utils.Config'])

export function isClosed(module: string, name: string): boolean {
  if (openedNames.has(`${module}.${name}`) || openedParts.some((part) => part.test(module))) return false
  return module.split('.').some((part) => closedParts.has(part))
}

/** Parts whose functions only compute. */
const functionParts = new Set([
  'activations',
  'losses',
  'metrics',
  'initializers',
  'regularizers',
  'constraints',
  'schedules',
  'ops',
  'random',
  'layers',
  'nn',
  'numpy',
  'math',
  'quantizers',
])

/** Names of every part that load what they are given. */
const loaders =
  /^(?:_*(?:de)?serialize|get|load|save|from_|import|open|fetch|download|exec|eval|compile|register|set_|enable_|disable_)/i

export function isComputingFunction(module: string, name: string): boolean {
  return !loaders.test(name) && !isClosed(module, name) && module.split('.').some((part) => functionParts.has(part))
}

/** Roots under which Keras itself lies, in all its forms, and its own libraries of models. */
export function isKeras(module: string): boolean {
  return /^(?:keras|tf_keras|keras_core|keras_hub|keras_nlp|keras_cv|keras_rs|tensorflow\.keras|tensorflow\.python\.keras|tensorflow\._?api\.(?:_?v\d\.)*keras|tf\.keras)(?:\.|$)/.test(
    module,
  )
}

/** Functions of Keras itself, which it looks for under these names before anything else. */
export const knownFunctions: ReadonlySet<string> = new Set(
  `celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
  log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
  sparsemax squareplus swish tanh tanh_shrink threshold binary_accuracy binary_crossentropy binary_focal_crossentropy
  categorical_accuracy categorical_crossentropy categorical_focal_crossentropy categorical_generalized_cross_entropy
  categorical_hinge circle concordance_correlation cosine_similarity ctc dice hinge huber kl_divergence log_cosh
  mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
  pearson_correlation poisson sparse_categorical_accuracy sparse_categorical_crossentropy
  sparse_top_k_categorical_accuracy squared_hinge top_k_categorical_accuracy tversky`.split(/\s+/),
)

/** Of Python's own functions those that only compute; Keras writes `builtins` for any plain function. */
export const computingBuiltins: ReadonlySet<string> = new Set(
  'abs max min sum pow round any all len bool int float str tuple list dict set'.split(' '),
)
export const builtins: ReadonlySet<string> = new Set(
  `aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
  credits delattr dict dir divmod enumerate eval exec execfile exit file filter float format frozenset getattr globals
  hasattr hash help hex id input int isinstance issubclass iter len license list locals map max memoryview min next
  object oct open ord pow print property quit range raw_input reduce reload repr reversed round set setattr slice sorted
  staticmethod str sum super tuple type vars zip`.split(/\s+/),
)

/**
 * Whether a function of `tf.`, as TFOpLambda calls it, only computes. Everything that is not known to is told apart by
 * the caller.
 */
export function isComputingTensorFlow(symbol: string): boolean {
  if (/(?:^|\.)(?:__\w+__|_\w+)$/.test(symbol) && !/^__(?:operators__|\w+__)/.test(symbol)) return false
  return (
    /^(?:__operators__\.\w+|(?:math|nn|linalg|signal|strings|sparse|ragged|random|bitwise|sets|quantization|dtypes|compat\.v1\.(?:nn|math)|keras\.(?:activations|backend|ops|losses|metrics)|image|audio|experimental\.numpy)\.\w+(?:\.\w+)*|[a-z][a-z0-9_]*)$/.test(
      symbol,
    ) && !tensorFlowDoors.test(symbol)
  )
}

/** Functions right under `tf` and elsewhere that lead out of computing. */
const tensorFlowDoors =
  /py_?func|numpy_function|load_|_library|^(?:function|init_scope|py_function|print|Module|get_logger|import_graph_def|recompute_grad|custom_gradient|device|control_dependencies|graph_util|register_tensor_conversion_function|timestamp)$|read_file|write_file|matching_files|gfile|keras\.backend\.(?:function|set_\w+|clear_session|get_session)|image\.(?:decode_file|load)/i
