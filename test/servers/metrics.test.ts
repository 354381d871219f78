/** O1: the table of metrics, of which alarms, dashboards and scaling are made, is what started nodes really name, with figures in it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { metricsInSources, metricsPage } from '../../build/metrics-page.ts';
import {
  LOCAL_METRICS,
  NODE_METRICS,
  type NodeMetric,
  type NodeMetricName,
  type NodePart,
  namedMetrics,
} from '../../runtime/contract/node-metrics.ts';
import { NodePair, until } from './node-pair.ts';
import { V2Client } from './v2-client.ts';

const table: Readonly<Record<string, NodeMetric>> = { ...LOCAL_METRICS, ...NODE_METRICS };
let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_940);
});
afterAll(() => pair.stop());

/** Name, type and value of every metric of a node. */
async function metricsOf(role: 'edge' | 'core'): Promise<Map<string, { type: string; value: number }>> {
  const { body } = await pair.admin(role, '/metrics');
  const types = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name as string, type as string]));
  return new Map(
    [...body.matchAll(/^([a-z_0-9]+)\{[^}]*\} (\S+)$/gm)].map(([, name, value]) => [
      name as string,
      { type: types.get(name as string) as string, value: Number(value) },
    ]),
  );
}

it.each<['edge' | 'core', NodePart[]]>([
  ['edge', []],
  ['core', ['folder']],
])('a started %s names every metric of its table, as the kind it is, and no other (O1)', async (role, parts) => {
  const metrics = await metricsOf(role);
  const kinds = Object.fromEntries([...metrics].map(([name, { type }]) => [name, type]));
  expect(kinds).toEqual(Object.fromEntries(namedMetrics(role, parts).map((name) => [name, table[name]?.kind])));
});

it('what only some nodes have stands in the table as well, and what stands there is named by the runtime (O1)', () => {
  const inSources = Object.fromEntries([...metricsInSources()].map(([name, { kind }]) => [name, kind]));
  expect(inSources).toEqual(Object.fromEntries(Object.entries(table).map(([name, { kind }]) => [name, kind])));
});

it('is what docs/metrics.md says: run `node build/metrics-page.ts > docs/metrics.md` when it is not', () => {
  expect(readFileSync(resolve(__dirname, '../../docs/metrics.md'), 'utf8')).toBe(metricsPage());
});

it('latencies have no figure before there was work, and one afterwards; a machine’s use always has one (O1)', async () => {
  const latencies: readonly (readonly ['edge' | 'core', NodeMetricName])[] = [
    ['edge', 'iris_login_p95_ms'],
    ['edge', 'iris_acknowledge_p50_ms'],
    ['edge', 'iris_delivery_p99_ms'],
    ['core', 'iris_commit_p95_ms'],
  ];
  // A core has committed its own first entries.
  for (const [role, name] of latencies.filter(([role]) => role === 'edge'))
    expect([name, (await metricsOf(role)).get(name)?.value]).toEqual([name, Number.NaN]);
  const [alice, bob] = [await V2Client.logIn(pair.address, 'alice'), await V2Client.logIn(pair.address, 'bob')];
  alice.send('bob', 1, ['hello']);
  await Promise.all([alice.sent(), bob.deliver()]);
  for (const [role, name] of latencies) {
    await until(async () => ((await metricsOf(role)).get(name)?.value ?? Number.NaN) >= 0, `${name} has a figure`);
    expect((await metricsOf(role)).get(name)?.value).toBeLessThan(60_000);
  }
  for (const role of ['edge', 'core'] as const) {
    const metrics = await metricsOf(role);
    expect(metrics.get('iris_memory_percent')?.value).toBeGreaterThan(0);
    expect(metrics.get('iris_cpu_percent')?.value).toBeGreaterThanOrEqual(0);
  }
  const core = await metricsOf('core');
  expect(core.get('iris_disk_percent')?.value).toBeGreaterThan(0);
  expect(core.get('iris_store_percent')?.value).toBeGreaterThan(0);
  alice.end();
  bob.end();
});
