// One page that needs nothing else and runs nothing: it may be opened, mailed and archived without a thought. Every
// text is escaped, and its content security policy would stop a script that came through all the same.
import { escaped } from './markup.ts'
import { placeText, type ReportedFile, type ReportedFinding, type ScanReport, severitiesDown } from './report.ts'
import { sizeText } from './text.ts'

export function htmlReport({ files, summary }: ScanReport): string {
  const { verdicts, severities, failOn, result, accepted } = summary
  const results = {
    clean: 'Clean',
    findings: `${summary.failing} at or over ${failOn}`,
    incomplete: 'Not all could be read',
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast scan: ${escaped(results[result])}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Holdfast scan <span class="${result}">${escaped(results[result])}</span></h1>
<table>
<caption>Summary</caption>
<tr><th scope="row">Files</th><td>${summary.files}, ${sizeText(summary.bytes)}</td></tr>
<tr><th scope="row">Verdicts</th><td>${verdicts.clean} clean, ${verdicts.findings} with findings, ${verdicts.inconclusive} inconclusive</td></tr>
<tr><th scope="row">Findings</th><td>${severitiesDown.map((each) => `<span class="${each}">${severities[each]} ${each}</span>`).join(' ')}</td></tr>
<tr><th scope="row">Accepted</th><td>${accepted}</td></tr>
<tr><th scope="row">Scanner</th><td>holdfast ${escaped(summary.scanner.version)}</td></tr>
</table>
${files.map(fileSection).join('\n')}
</main>
</body>
</html>
`
}

function fileSection(file: ReportedFile): string {
  const { path, formats, verdict, maxSeverity, size, sha256, findings, incomplete } = file
  const isOpen = verdict !== 'clean' ? ' open' : ''
  const facts = [formats.join(', '), size === null ? '' : sizeText(size), sha256 === null ? '' : `SHA-256 ${sha256}`]
  return `<details${isOpen}>
<summary><span class="${maxSeverity ?? verdict}">${maxSeverity ?? verdict}</span> <code>${escaped(path)}</code></summary>
<p class="facts">${escaped(facts.filter((fact) => fact !== '').join(' · '))}</p>
${findings.map(findingSection).join('\n')}
${incomplete.map((each) => `<p class="inconclusive">Not read whole: <code>${escaped(each.path)}</code>: ${escaped(each.reason)}</p>`).join('\n')}
</details>`
}

function findingSection(finding: ReportedFinding): string {
  const { severity, title, message, location, trace, rule, id, remedy, cwe, atlas, owasp, references } = finding
  const place = placeText(location)
  return `<section>
<h2><span class="${severity}">${severity}</span> ${escaped(title)}</h2>
<p>${escaped(message)}</p>
${place === '' ? '' : `<p>At <code>${escaped(place)}</code></p>`}
${trace.length === 0 ? '' : `<pre>${trace.map(escaped).join('\n')}</pre>`}
<p><strong>What to do:</strong> ${escaped(remedy)}</p>
<p class="facts">${escaped([rule, id, ...cwe, ...atlas, ...owasp, ...references].join(' · '))}</p>
</section>`
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1rem }
table { border-collapse: collapse; margin-bottom: 1rem } caption { text-align: left; font-weight: bold }
th { text-align: left; padding-right: 1rem; vertical-align: top }
details { border: 1px solid #8886; border-radius: .4rem; padding: .5rem 1rem; margin: .5rem 0 }
code, pre { font-family: ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
pre { background: #8882; padding: .5rem }
h1 { font-size: 1.5rem } h2 { font-size: 1rem; margin-bottom: 0 } section { border-top: 1px solid #8886 }
.facts { opacity: .8; font-size: .85rem; overflow-wrap: anywhere }
.critical, .findings { color: #c1121f; font-weight: bold } .high { color: #c1121f } .medium { color: #a15c00 }
.low { color: #00629b } .clean { color: #1a7f37 } .inconclusive, .incomplete { color: #8250df }
@media (prefers-color-scheme: dark) {
  .critical, .findings, .high { color: #ff7b72 } .medium { color: #e3b341 } .low { color: #79c0ff }
  .clean { color: #7ee787 } .inconclusive, .incomplete { color: #d2a8ff }
}
`
