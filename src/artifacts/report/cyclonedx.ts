// CycloneDX 1.7 (ECMA-424): the files as components, what was found as vulnerabilities that affect them.
import { createHash } from 'node:crypto'
import type { Severity } from '../rule.ts'
import { placeText, type ReportedFile, type ReportedFinding, type ScanReport } from './report.ts'

const models = new Set(['torch', 'onnx', 'gguf', 'safetensors', 'keras', 'tensorflow', 'tflite', 'coreml', 'hdf5'])

export function cyclonedxReport({ files, summary }: ScanReport): object {
  const content = {
    metadata: {
      tools: {
        components: [{ type: 'application', name: 'holdfast', version: summary.scanner.version }],
      },
    },
    components: files.map(component),
    vulnerabilities: files.flatMap((file) => file.findings.map((finding) => vulnerability(file, finding))),
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  }
}

function component({ path, format, formats, verdict, sha256, size }: ReportedFile) {
  const isModel = models.has(format.split('-')[0] ?? '')
  return {
    type: isModel ? 'machine-learning-model' : 'file',
    'bom-ref': referenceOf(path),
    name: path,
    ...(sha256 === null ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    properties: [
      { name: 'holdfast:format', value: formats.join(' ') },
      { name: 'holdfast:verdict', value: verdict },
      ...(size === null ? [] : [{ name: 'holdfast:size', value: String(size) }]),
    ],
  }
}

/** CycloneDX rates what the field calls vulnerabilities; a payload in a model is one of the model. */
function vulnerability(file: ReportedFile, finding: ReportedFinding) {
  const { id, rule, title, severity, message, trace, location, remedy, cwe, references } = finding
  const numbers = cwe.map((each) => Number(each.replace(/^CWE-/, ''))).filter((number) => Number.isSafeInteger(number))
  const place = placeText(location)
  return {
    'bom-ref': `finding:${id}`,
    id: rule,
    source: { name: 'Holdfast' },
    ratings: [{ severity: severity satisfies Severity, method: 'other', source: { name: 'Holdfast' } }],
    ...(numbers.length === 0 ? {} : { cwes: numbers }),
    description: title,
    detail: [message, ...(place === '' ? [] : [`At ${place}.`]), ...trace].join('\n'),
    recommendation: remedy,
    ...(references.length === 0 ? {} : { references: references.map(advisory) }),
    affects: [{ ref: referenceOf(file.path) }],
  }
}

function advisory(id: string): {
  readonly id: string
  readonly source: { readonly name?: string; readonly url?: string }
} {
  if (/^CVE-\d{4}-\d+$/.test(id)) return { id, source: { name: 'NVD', url: `https://nvd.nist.gov/vuln/detail/${id}` } }
  if (/^GHSA(-\w{4}){3}$/.test(id))
    return { id, source: { name: 'GitHub', url: `https://github.com/advisories/${id}` } }
  return { id, source: id.startsWith('https://') ? { url: id } : { name: 'Holdfast' } }
}

function referenceOf(path: string): string {
  return `file:${path}`
}

/** A UUID of version 8 (RFC 9562) from a digest, so that the same content has the same number. */
function uuidOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
