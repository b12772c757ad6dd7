// What passes in a pickle and what does not, by examples of our own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../budget.ts'
import { formats } from '../formats.ts'
import { isAtLeast } from '../rule.ts'
import { scan } from '../scan.ts'
import { bytesSource } from '../source.ts'
import { bytes, call, dictionary, integer, list, name, none, object, opcodes, pickled, text, tuple } from './pickles.ts'

const path = text('/etc/passwd')
const lineReader = object('gensim.models.word2vec:LineSentence', dictionary(text('source'), path))
const frameworkObject = object('sklearn.svm._classes:SVC', dictionary(text('C'), integer(1)))
const harmfulPickle = pickled(call('os:system', text('id')))

const harmful: Readonly<Record<string, Buffer>> = {
  'a function handed to starmap and run by list': call(
    'builtins:list',
    call('itertools:starmap', name('numpy:load'), list(tuple(path))),
  ),
  'a function handed to map and run by deque': call(
    'collections:deque',
    call('builtins:map', name('joblib:load'), list(path)),
  ),
  'a random generator made by another function': call(
    'numpy.random._pickle:__generator_ctor',
    path,
    name('numpy:load'),
  ),
  'the same with an unknown one': call('numpy.random._pickle:__randomstate_ctor', path, name('mypackage:make')),
  'a tensor rebuilt by another function': call(
    'torch._tensor:_rebuild_from_type_v2',
    name('numpy.random._pickle:__generator_ctor'),
    name('torch:Tensor'),
    tuple(path, name('numpy:load')),
    none,
  ),
  'an index made from an object that reads': call(
    'pandas.core.indexes.base:_new_Index',
    name('pandas.core.indexes.base:Index'),
    dictionary(text('data'), lineReader),
  ),
  'an index of a class that maps files': call(
    'pandas.core.indexes.base:_new_Index',
    name('numpy:memmap'),
    dictionary(text('filename'), path),
  ),
  'an object of a framework that is walked over': call('builtins:list', frameworkObject),
  'an object whose class reads when it is walked over': call('builtins:tuple', lineReader),
  'a base class that does something': call('copyreg:_reconstructor', name('numpy:ndarray'), name('numpy:memmap'), path),
  'a mapped file': call('numpy:memmap', path),
  'a store that is opened': call('pandas:HDFStore', text('store')),
  'a path within a list': call('xgboost.core:DMatrix', list(path)),
  'a path as an object': call('datasets.arrow_dataset:Dataset', call('pathlib:PosixPath', text('x'))),
  'a time zone that climbs': call('zoneinfo:ZoneInfo', text('../../etc/passwd')),
  'a time zone file': call('dateutil.tz.tz:tzfile', path),
  'a template that scipy runs': object(
    'scipy.stats._continuous_distns:norm_gen',
    dictionary(text('_parse_arg_template'), text('import os')),
  ),
  'a template whose name is worked out': object(
    'scipy.stats._continuous_distns:norm_gen',
    dictionary(call('builtins:str', bytes(Buffer.from('_parse_arg_template')), text('ascii')), text('x')),
  ),
  'a template that is worked out': object(
    'scipy.stats._continuous_distns:norm_gen',
    dictionary(text('_parse_arg_template'), call('builtins:str', bytes(Buffer.from('import os')), text('ascii'))),
  ),
  'a joblib wrapper that reads another file': object(
    'joblib.numpy_pickle:NDArrayWrapper',
    dictionary(text('filename'), path),
  ),
  'a shard outside of the checkpoint': object(
    'torch.distributed.checkpoint.filesystem:_StorageInfo',
    dictionary(text('relative_path'), text('../../x')),
  ),
  'a pickle in bytes': bytes(harmfulPickle),
  'a pickle in the state of an object': object(
    'sklearn.base:BaseEstimator',
    dictionary(text('x'), bytes(harmfulPickle)),
  ),
  'a pickle in a text for bytes': call('_codecs:encode', text(harmfulPickle.toString('latin1')), text('latin1')),
  'an item put into a tensor': opcodes(call('torch._utils:_rebuild_tensor_v2', none), text('a'), integer(1), 's'),
  'a configuration that becomes a layer': call(
    'keras.layers:deserialize',
    dictionary(text('class_name'), text('Lambda')),
  ),
  'a function that loads, only named': name('numpy:load'),
  'a function that loads, as a default': call('collections:defaultdict', name('joblib.numpy_pickle:load')),
  'a module within a module': name('numpy.random.mtrand:_pickle.loads'),
  'a function of a module of a module': name('statistics:sys.exit'),
  'an attribute of a module': call('builtins:getattr', name('torch.serialization:os'), text('system')),
  'more bytes than memory': call('builtins:bytearray', integer(2 ** 31 - 1), integer(1)),
  'a value that doubles sixty times': opcodes(text('x'), ...Array.from({ length: 60 }, () => opcodes('2', 0x86))),
  'a corpus that loads itself': object('nltk.corpus.util:LazyCorpusLoader', dictionary(text('x'), path)),
  'an iterator without an end': call('builtins:list', call('itertools:count', integer(0))),
  'a call with arguments in a tuple of another class': opcodes(
    name('numpy.random._pickle:__generator_ctor'),
    object('collections:namedtuple'),
    'R',
  ),
  'a function found in the memo': opcodes(name('os:system'), 'q', 7, '0', 'h', 7, tuple(text('id')), 'R'),
  'a name of Python 2': Buffer.from('c__builtin__\neval\n(S"1"\ntR'),
  'a module called like a method of objects': call('constructor:constructor', text('x')),
  'a class that is changed': opcodes(name('torch.nn.modules.linear:Linear'), dictionary(text('forward'), none), 'b'),
  'an extension code': opcodes(0x82, 1),
  'a frame that ends within an opcode': opcodes(0x95, Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), text('a longer text')),
}

for (const [what, parts] of Object.entries(harmful))
  test(`${what} does not pass`, () => {
    const { maxSeverity } = scanPickle(pickled(parts))
    assert.ok(maxSeverity !== undefined && isAtLeast(maxSeverity, 'high'), `found: ${maxSeverity}`)
  })

const array = call(
  'numpy._core.multiarray:_reconstruct',
  name('numpy:ndarray'),
  tuple(integer(0)),
  bytes(Buffer.from('b')),
)
const storage = opcodes(tuple(text('storage'), name('torch:FloatStorage'), text('0'), text('cpu'), integer(4)), 'Q')
const tensor = call(
  'torch._utils:_rebuild_tensor_v2',
  storage,
  integer(0),
  tuple(integer(4)),
  tuple(integer(1)),
  0x89,
  call('collections:OrderedDict'),
)

const harmless: Readonly<Record<string, Buffer>> = {
  'an array': array,
  'a memory-mapped array, saved': call(
    'numpy._core.multiarray:_reconstruct',
    name('numpy:memmap'),
    tuple(integer(0)),
    bytes(Buffer.from('b')),
  ),
  'a random generator': opcodes(
    call('numpy.random._pickle:__generator_ctor', text('PCG64'), name('numpy.random._pickle:__bit_generator_ctor')),
    dictionary(text('state'), none),
    'b',
  ),
  'a newer random generator': call(
    'numpy.random._pickle:__generator_ctor',
    opcodes(
      call('numpy.random._pickle:__bit_generator_ctor', name('numpy.random._pcg64:PCG64')),
      dictionary(text('state'), none),
      'b',
    ),
  ),
  'an index': call(
    'pandas.core.indexes.base:_new_Index',
    name('pandas.core.indexes.base:Index'),
    dictionary(text('data'), array, text('name'), none),
  ),
  'a range index': call(
    'pandas.core.indexes.base:_new_Index',
    name('pandas.core.indexes.range:RangeIndex'),
    dictionary(text('name'), none, text('start'), integer(0), text('stop'), integer(9), text('step'), integer(1)),
  ),
  'a block of a frame': call(
    'pandas._libs.internals:_unpickle_block',
    array,
    call('builtins:slice', integer(0), integer(1), integer(1)),
    integer(2),
  ),
  'a timestamp': call('pandas._libs.tslibs.timestamps:_unpickle_timestamp', integer(5), none, none, integer(10)),
  'a categorical dtype': object(
    'pandas.core.dtypes.dtypes:CategoricalDtype',
    dictionary(text('categories'), none, text('ordered'), 0x89),
  ),
  'an arrow type': call('pyarrow.lib:type_for_alias', text('string')),
  'a parameter': call('torch._utils:_rebuild_parameter', tensor, 0x88, call('collections:OrderedDict')),
  'a tensor of a subclass': call(
    'torch._tensor:_rebuild_from_type_v2',
    name('torch._utils:_rebuild_tensor_v2'),
    name('torch.nn.parameter:Parameter'),
    tuple(storage, integer(0), tuple(integer(4)), tuple(integer(1)), 0x89, call('collections:OrderedDict')),
    dictionary(),
  ),
  'a module with hooks': object(
    'torch.nn.modules.linear:Linear',
    dictionary(
      text('_parameters'),
      call('collections:OrderedDict'),
      text('hook'),
      object('torch.utils.hooks:RemovableHandle', tuple(none, integer(1))),
    ),
  ),
  'a lazy layer': object('torch.nn.modules.linear:LazyLinear', dictionary(text('in_features'), integer(1))),
  'an optimizer': object(
    'torch.optim.adamw:AdamW',
    dictionary(text('state'), call('collections:defaultdict', name('builtins:dict'))),
  ),
  'a gradient scaler': object('torch.amp.grad_scaler:GradScaler', dictionary(text('_scale'), none)),
  'an activation function': name('torch.nn.functional:relu'),
  'the types of TorchScript': opcodes(
    name('__torch__.net:Net'),
    ')',
    0x81,
    dictionary(text('weights'), call('torch.jit._pickle:build_intlist', list(integer(1)))),
    'b',
  ),
  'the metadata of a distributed checkpoint': object(
    'torch.distributed.checkpoint.metadata:Metadata',
    dictionary(
      text('storage_data'),
      dictionary(
        object('torch.distributed.checkpoint.metadata:MetadataIndex', dictionary(text('fqn'), text('w'))),
        object(
          'torch.distributed.checkpoint.filesystem:_StorageInfo',
          dictionary(
            text('relative_path'),
            text('__0_0.distcp'),
            text('offset'),
            integer(0),
            text('length'),
            integer(9),
          ),
        ),
      ),
    ),
  ),
  'arguments of a training': object(
    'transformers.training_args:TrainingArguments',
    dictionary(
      text('output_dir'),
      text('/tmp/out'),
      text('strategy'),
      call('transformers.trainer_utils:IntervalStrategy', text('steps')),
      text('save'),
      call('transformers.trainer_utils:SaveStrategy', text('epoch')),
      text('optim'),
      call('transformers.training_args:OptimizerNames', text('adamw_torch')),
      text('hub'),
      call('transformers.trainer_utils:HubStrategy', text('every_save')),
      text('type'),
      call('accelerate.utils.dataclasses:DistributedType', text('NO')),
    ),
  ),
  'an encoding of a tokenizer': object(
    'transformers.tokenization_utils_base:BatchEncoding',
    dictionary(text('data'), dictionary()),
  ),
  'the output of a model': call('transformers.modeling_outputs:BaseModelOutput', tensor),
  'a booster': object(
    'xgboost.core:Booster',
    dictionary(text('handle'), bytes(Buffer.from('{L\0\0\0\0\0\0\0\x07Configuration')), text('feature_names'), none),
  ),
  'a random forest': object(
    'sklearn.ensemble._forest:RandomForestClassifier',
    dictionary(
      text('estimator'),
      object(
        'sklearn.tree._classes:DecisionTreeClassifier',
        dictionary(
          text('tree_'),
          opcodes(
            call('sklearn.tree._tree:Tree', integer(2), array, integer(1)),
            dictionary(text('nodes'), array),
            'b',
          ),
        ),
      ),
    ),
  ),
  'a classifier by Laplace': object(
    'sklearn.gaussian_process._gpc:_BinaryGaussianProcessClassifierLaplace',
    dictionary(text('kernel'), none),
  ),
  'a transformer with a function': object(
    'sklearn.preprocessing._function_transformer:FunctionTransformer',
    dictionary(text('func'), name('numpy:log1p')),
  ),
  'a score function': object(
    'sklearn.metrics._scorer:_Scorer',
    dictionary(text('_score_func'), name('sklearn.metrics._classification:accuracy_score')),
  ),
  'an optimisation result': object('scipy.optimize._optimize:OptimizeResult', dictionary(text('x'), array)),
  'a frozen distribution': object(
    'scipy.stats._distn_infrastructure:rv_continuous_frozen',
    dictionary(text('args'), tuple(), text('kwds'), dictionary()),
  ),
  'a loaded Matlab struct': object('scipy.io.matlab._mio5_params:mat_struct', dictionary(text('x'), array)),
  'a configuration of OmegaConf': object(
    'omegaconf.dictconfig:DictConfig',
    dictionary(
      text('_metadata'),
      object('omegaconf.base:ContainerMetadata', dictionary(text('ref_type'), name('typing:Any'))),
      text('_content'),
      dictionary(text('a'), object('omegaconf.nodes:AnyNode', dictionary(text('_val'), text('x')))),
    ),
  ),
  'attributes of a lightning checkpoint': opcodes(
    object('pytorch_lightning.utilities.parsing:AttributeDict'),
    '(',
    text('lr'),
    integer(1),
    'u',
  ),
  'a YOLO model': object(
    'ultralytics.nn.tasks:DetectionModel',
    dictionary(
      text('yaml'),
      dictionary(),
      text('args'),
      object('ultralytics.utils:IterableSimpleNamespace', dictionary(text('x'), integer(1))),
    ),
  ),
  'a learner of fastai': object(
    'fastai.learner:Learner',
    dictionary(
      text('dls'),
      object(
        'fastai.data.core:DataLoaders',
        dictionary(text('x'), object('fastai.data.load:DataLoader', dictionary())),
      ),
    ),
  ),
  'arguments of a command': object('argparse:Namespace', dictionary(text('path'), text('/data'))),
  'a picture': object(
    'PIL.PngImagePlugin:PngImageFile',
    list(dictionary(), text('RGB'), tuple(integer(1), integer(1)), none, bytes(Buffer.alloc(30, 1))),
  ),
  'a time with a time zone': call(
    'datetime:datetime',
    bytes(Buffer.from('\x07\xea\x0b\x14\0\0\0\0\0\0', 'latin1')),
    call('pytz:_p', text('Europe/Berlin'), integer(3600), integer(0), text('CET')),
  ),
  'a time zone': call('zoneinfo:ZoneInfo._unpickle', text('America/Argentina/Buenos_Aires'), integer(1)),
  'a time zone file, saved': call('dateutil.tz.tz:tzfile', none, text('/usr/share/zoneinfo/Europe/Berlin')),
  'an iterator over a list': opcodes(call('builtins:iter', list(integer(1))), integer(0), 'b'),
  'a type of a field': call(
    'operator:getitem',
    name('typing:Union'),
    tuple(name('builtins:int'), name('builtins:str')),
  ),
  'a logger': object(
    'lightgbm.sklearn:LGBMClassifier',
    dictionary(text('log'), call('logging:getLogger', text('lightgbm'))),
  ),
  'a graph': object('networkx.classes.graph:Graph', dictionary(text('_adj'), dictionary())),
  'texts about code': list(
    text('import os; os.system("id")'),
    text('cos\nsystem\n'),
    bytes(Buffer.from('\x80\x04 is how pickles begin, mostly')),
  ),
  'an old joblib wrapper': object(
    'joblib.numpy_pickle:NDArrayWrapper',
    dictionary(text('filename'), text('model.pkl_01.npy'), text('subclass'), name('numpy:ndarray')),
  ),
  'a joblib wrapper of old scikit-learn': object(
    'sklearn.externals.joblib.numpy_pickle:NDArrayWrapper',
    dictionary(text('filename'), text('model.pkl_01.npy')),
  ),
  'a weight file of CatBoost': object(
    'catboost.core:CatBoostClassifier',
    dictionary(text('__model'), bytes(Buffer.from('CBM1 and what follows of the model'))),
  ),
  'a class of the program itself': object('__main__:Config', dictionary(text('lr'), integer(1))),
}

for (const [what, parts] of Object.entries(harmless))
  test(`${what} passes`, () => {
    const { maxSeverity, incomplete, findings } = scanPickle(pickled(parts))
    const told = findings.map(({ message }) => message).join(' ')
    assert.ok(maxSeverity === undefined || !isAtLeast(maxSeverity, 'medium'), told)
    assert.deepEqual(incomplete, [])
  })

test('a name that a site trusts passes, and no other of its module', () => {
  const scanWith = (callee: string) => scanPickle(pickled(call(callee, text('x'))), ['mypackage.make'])
  assert.equal(scanWith('mypackage:make').maxSeverity, undefined)
  assert.equal(scanWith('mypackage:other').maxSeverity, 'high')
})

test('a finding says what would be called with what', () => {
  const { findings } = scanPickle(harmfulPickle)
  const [finding] = findings.filter(({ rule }) => rule.id === 'pickle/dangerous-call')
  assert.deepEqual(finding?.trace, ["os.system('id')"])
  assert.equal(finding?.location.element, 'REDUCE')
})

test('a pickle of the text protocol is found behind any length of text', () => {
  const hidden = Buffer.from(`V${'a'.repeat(200_000)}\n0cos\nsystem\n(S'id'\ntR.`)
  assert.equal(scanPickle(hidden, [], 'notes.txt').maxSeverity, 'critical')
})

test('every truncation of a harmful pickle is found as soon as the call is in it, and never clean before', () => {
  for (let length = 1; length < harmfulPickle.length; length++) {
    const { verdict, maxSeverity } = scanPickle(harmfulPickle.subarray(0, length))
    assert.notEqual(verdict, 'clean', `cut at ${length}`)
    if (length === harmfulPickle.length - 1) assert.equal(maxSeverity, 'critical')
  }
})

function scanPickle(content: Buffer, allowed: readonly string[] = [], file = 'model.pkl') {
  return scan({
    source: bytesSource(content),
    path: file,
    formats,
    limits: defaultLimits,
    options: { allowed: new Set(allowed) },
    now: () => 0,
  })
}
