/**
 * Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), of gauges only. All names get the
 * prefix `sgrid_`.
 */
export type Labels = Readonly<Record<string, string>>;

/** What stands in front of the series of a name. @param help one line without backslashes */
export function familyHead(name: string, help: string): string {
  return `\n# HELP sgrid_${name} ${help}\n# TYPE sgrid_${name} gauge\n`;
}

/** `a="1",b="2"` */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

/** @param labels as `labelText` writes them */
export function seriesLine(name: string, labels: string, value: number): string {
  return `sgrid_${name}{${labels}} ${value}\n`;
}
