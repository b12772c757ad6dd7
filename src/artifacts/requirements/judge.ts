// Lists of packages that pip and conda install: where they come from, not which they are. A package that is installed may
// run code, so a line that names another index or an address decides who may run it.

import type { Location } from '../finding.ts'
import type { Examination } from '../format.ts'
import type { Rule, Severity } from '../rule.ts'
import { shown } from '../text.ts'

const about = { cwe: ['CWE-829', 'CWE-427'], atlas: ['AML.T0010.001'], owasp: ['LLM03'] } as const

const otherIndex: Rule = {
  id: 'requirements/other-index',
  title: 'Packages are installed from another index',
  severity: 'medium',
  ...about,
  references: ['CVE-2018-20225', 'https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url'],
  remedy: 'Install from your own index, with hashes (pip install --require-hashes).',
}

const directAddress: Rule = {
  id: 'requirements/direct-address',
  title: 'A package is installed from an address instead of an index',
  severity: 'medium',
  ...about,
  remedy: 'Pin the package by version and hash, from an index that you trust.',
}

const unprotected: Rule = {
  id: 'requirements/unprotected',
  title: 'Packages are installed over a connection that is not protected',
  severity: 'high',
  ...about,
  remedy: 'Use https, and do not switch off the check of certificates.',
}

/** Indexes of the projects themselves, which real lists name. */
const knownIndexes =
  /^https:\/\/(?:pypi\.org|files\.pythonhosted\.org|download\.pytorch\.org|pypi\.nvidia\.com|pypi\.ngc\.nvidia\.com|data\.pyg\.org|storage\.googleapis\.com\/jax-releases|us-python\.pkg\.dev|wheels\.vllm\.ai|flashinfer\.ai|dl\.fbaipublicfiles\.com|huggingface\.github\.io|repo\.anaconda\.com|conda\.anaconda\.org|google-coral\.github\.io|developer\.download\.nvidia\.com|pip\.repos\.neuron\.amazonaws\.com|abetlen\.github\.io)\b/i

/** Where projects publish their code; an address of theirs is as good as their name. */
const knownForges =
  /^(?:git\+)?(?:https|ssh):\/\/(?:git@)?(?:github\.com|gitlab\.com|huggingface\.co|bitbucket\.org|codeload\.github\.com|raw\.githubusercontent\.com)\//i

type Place = Pick<Location, 'pointer' | 'offset'>

export function judgeRequirement({ report }: Examination, line: string, at: Place): void {
  const text = line
    .replace(/(?:^|\s)#.*$/, '')
    .trim()
    .slice(0, 2000)
  if (text === '') return
  const tell = (rule: Rule, severity: Severity, message: string) =>
    report({ rule, severity, message, at, subject: shown(text, 80) })
  const address =
    /(?:^|[\s=@"'])((?:(?:git|hg|svn|bzr)\+)?(?:https?|ftp|file|ssh|git):\/\/[^\s;"']+|(?:git|hg|svn|bzr)\+[^\s;"']+)/i.exec(
      text,
    )?.[1]
  const index =
    /(?:^|\s)(?:-i|--index-url|--extra-index-url|-f|--find-links|index-url|extra-index-url|find-links|index_url|extra_index_url)\s*[= ]\s*["']?([^\s"']+)/i.exec(
      text,
    )?.[1]
  if (/(?:^|\s)--trusted-host\b|^trusted-host\s*=/i.test(text))
    tell(unprotected, 'medium', `Certificates are not checked: ${shown(text)}`)
  if (index !== undefined) {
    const host = index.replace(/\$\{?\w+\}?/g, '')
    if (/^http:\/\//i.test(host)) tell(unprotected, 'high', `The index is read without protection: ${shown(index)}`)
    else if (/^https?:|^file:|^\/\//i.test(host) && !knownIndexes.test(host))
      tell(otherIndex, 'medium', `The index is ${shown(index)}.`)
    return
  }
  if (address === undefined) return
  if (/^(?:\w+\+)?(?:http|ftp|git):\/\//i.test(address))
    tell(unprotected, 'high', `A package comes unprotected from ${shown(address)}.`)
  else if (!knownForges.test(address) && !knownIndexes.test(address))
    tell(directAddress, 'medium', `A package comes from ${shown(address)}.`)
  else if (!knownIndexes.test(address)) tell(directAddress, 'low', `A package comes from ${shown(address)}.`)
}
