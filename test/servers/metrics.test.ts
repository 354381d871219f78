/** O1: what alarms, dashboards and scaling are made of is what started nodes really name, with figures in it. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NODE_METRICS, type NodeMetricName, publishedMetrics } from '../../runtime/contract/node-metrics.ts';
import { NodePair, until } from './node-pair.ts';
import { V2Client } from './v2-client.ts';

const root = resolve(__dirname, '../..');
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

it.each(['edge', 'core'] as const)('a started %s names every metric that it is to publish, as the kind it is', async (role) => {
  const metrics = await metricsOf(role);
  const names = publishedMetrics(role, []);
  const wanted = names.map((name) => [name, NODE_METRICS[name].kind]);
  expect(names.map((name) => [name, metrics.get(name)?.type])).toEqual(wanted);
});

it('what only some nodes have is named somewhere in the runtime, as the kind it is', () => {
  const sources = globSync('runtime/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
  const named = (name: string, kind: string) => sources.some((source) => new RegExp(`${kind}\\(\\s*'${name}'`).test(source));
  const ofParts = Object.entries(NODE_METRICS).filter(([, metric]) => 'part' in metric);
  expect(ofParts.length).toBeGreaterThan(5);
  expect(ofParts.filter(([name, { kind }]) => !named(name, kind)).map(([name]) => name)).toEqual([]);
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
  expect(core.get('iris_rows_behind_percent')?.value).toBeNaN();
  alice.end();
  bob.end();
});
