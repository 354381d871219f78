/** Writes the page of metrics: `node build/metrics-page.ts > docs/metrics.md`. A test holds the page against the table and the runtime's sources. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LOCAL_METRICS, NODE_METRICS, NODE_PARTS, type NodeMetric } from '../runtime/contract/node-metrics.ts';

const RUNTIME = resolve(import.meta.dirname, '../runtime');
const NAMED = /\b(counter|gauge)\(\s*'(iris_\w+)',\s*'([^']+)'/g;
/** `measure/latency.ts` makes three gauges of each. */
const LATENCY = /new Latency\(\s*'(iris_\w+)',\s*'([^']+)'/g;

export interface NamedMetric {
  readonly kind: string;
  /** One for each place that names it in other words. */
  readonly helps: ReadonlySet<string>;
}

/** Every metric that the sources of the runtime name, with its help. */
export function metricsInSources(): Map<string, NamedMetric> {
  const found = new Map<string, { kind: string; helps: Set<string> }>();
  const add = (kind: string, name: string, help: string): void => {
    const known = found.get(name);
    if (known === undefined) found.set(name, { kind, helps: new Set([help]) });
    else known.helps.add(help);
  };
  for (const path of globSync('**/*.ts', { cwd: RUNTIME }).toSorted()) {
    const source = readFileSync(join(RUNTIME, path), 'utf8');
    for (const [, kind, name, help] of source.matchAll(NAMED)) add(kind as string, name as string, help as string);
    for (const [, name, help] of source.matchAll(LATENCY))
      for (const percent of [50, 95, 99]) add('gauge', `${name}_p${percent}_ms`, `${help}, percentile ${percent} of the last minute`);
  }
  return found;
}

/** @throws Error naming a metric of the table that no source names */
export function metricsPage(): string {
  const helps = metricsInSources();
  const rowsOf = (name: string): string => {
    const published: NodeMetric | undefined = (NODE_METRICS as Record<string, NodeMetric>)[name];
    const local: NodeMetric | undefined = (LOCAL_METRICS as Record<string, NodeMetric>)[name];
    const { kind, unit, part } = (published ?? local) as NodeMetric;
    const roles = new Set([...(published?.roles ?? []), ...(local?.roles ?? [])]);
    const help = helps.get(name)?.helps;
    if (help === undefined) throw new Error(`no source of the runtime names ${name}`);
    const where = [...roles].map((role) => (published?.roles.includes(role) ? `**${role}**` : role)).join(', ');
    const only = part === undefined ? '' : `; with ${NODE_PARTS[part]}`;
    return `| \`${name}\` | ${kind} | ${unit} | ${where}${only} | ${[...help].join('; ')} |`;
  };
  return [
    '# Metrics',
    '',
    'All that `/metrics` of a node names, in Prometheus’ text format, labelled with environment, region, role and node. Counters count since the start of the process. A gauge is',
    '`NaN` while it has nothing to tell. A role in bold publishes the metric to CloudWatch as well, once a minute in `Iris/Node` by environment, region and role: alarms',
    '([runbook](runbook.md)) and dashboards are made of those alone, also by `iris monitoring`.',
    '',
    'Generated from `runtime/contract/node-metrics.ts` by `node build/metrics-page.ts > docs/metrics.md`.',
    '',
    '| metric | kind | unit | of | what |',
    '|---|---|---|---|---|',
    ...[...new Set([...Object.keys(NODE_METRICS), ...Object.keys(LOCAL_METRICS)])].toSorted().map(rowsOf),
    '',
  ].join('\n');
}

if (import.meta.main) process.stdout.write(metricsPage());
