// The text format of Prometheus, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
import { type Metric, type MetricName, metrics } from './catalogue.ts'
import type { Increment, Labels } from './registry.ts'

/** A value as it is now, of what is not counted up. Plain data. */
export interface Reading {
  readonly metric: MetricName
  readonly labels: Labels
  readonly value: number
}

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics without a series are left out. */
export function expositionOf(series: readonly (Increment | Reading)[]): string {
  const groups = Map.groupBy(series, ({ metric }) => metric)
  return Object.keys(metrics)
    .filter(isMetric)
    .flatMap((name) => groupText(metrics[name], groups.get(name) ?? []))
    .join('')
}

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(metrics, name)
}

function groupText(metric: Metric, series: readonly (Increment | Reading)[]): string[] {
  if (series.length === 0) return []
  const { name, type, help } = metric
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`,
    ...series.map((each) =>
      'counts' in each && each.counts !== undefined
        ? histogramText(metric, each.labels, each.counts, each.value)
        : sample(name, labelsText(metric.labels, each.labels), each.value),
    ),
  ]
}

function histogramText(metric: Metric, labels: Labels, counts: readonly number[], sum: number): string {
  const { name, buckets = [] } = metric
  const bounds = [...buckets, Infinity]
  let total = 0
  const lines = bounds.map((bound, at) => {
    total += counts[at] ?? 0
    return sample(`${name}_bucket`, labelsText([...metric.labels, 'le'], [...labels, numberText(bound)]), total)
  })
  const own = labelsText(metric.labels, labels)
  return `${lines.join('')}${sample(`${name}_sum`, own, sum)}${sample(`${name}_count`, own, total)}`
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels} ${numberText(value)}\n`
}

function labelsText(names: readonly string[], values: Labels): string {
  if (names.length === 0) return ''
  return `{${names.map((name, at) => `${name}="${escaped(values[at] ?? '')}"`).join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
