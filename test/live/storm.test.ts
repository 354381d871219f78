/** F13, X5: 10,000 clients lose their edge at one moment and are all back within 5 s; told in time, they come spread out. */
import { setTimeout as pause } from 'node:timers/promises';
import { IrisClient } from '../../runtime/client/index.ts';
import { GOAWAY_SPREAD_MS } from '../../runtime/contract/limits.ts';
import { until } from '../servers/node-pair.ts';
import { LiveFleet } from './live-fleet.ts';
import { report } from './traffic.ts';

const CLIENTS = 10_000;
const [FIRST, SECOND, CORE] = ['tokyo-edge-0', 'tokyo-edge-1', 'tokyo-core-0'] as const;
let fleet: LiveFleet;
const clients: IrisClient[] = [];
const gone = new AbortController();

beforeAll(async () => {
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 2, cores: 1 } },
    fields: (node) => (node.includes('edge') ? { drainTimeoutMs: 2 * GOAWAY_SPREAD_MS } : {}),
  });
  const addresses = [FIRST, SECOND].map((edge) => fleet.address(edge));
  for (let i = 0; i < CLIENTS; i += 250) {
    const users = Array.from({ length: 250 }, (_, n) => `user-${i + n}`);
    clients.push(
      ...(await Promise.all(users.map((user) => IrisClient.connect({ addresses, user, connectTimeoutMs: 30_000, signal: gone.signal })))),
    );
  }
}, 120_000);
afterAll(async () => {
  gone.abort();
  await fleet?.stop();
}, 60_000);

const logins = (edge: string) => fleet.metric(edge, 'iris_logins_total');

/** Resolves once every inbox is read through this edge. */
async function allBack(edge: string): Promise<void> {
  await until(
    async () => (await logins(edge)) >= CLIENTS && (await fleet.metric(CORE, 'iris_inbox_readers')) === CLIENTS,
    'all are back',
    60_000,
  );
}

it(`${CLIENTS} clients whose edge is killed are all back within 5 s, and each is reached (F13)`, async () => {
  await until(async () => (await fleet.metric(CORE, 'iris_inbox_readers')) === CLIENTS, 'all are there', 60_000);
  const startMs = performance.now();
  await fleet.process(FIRST).kill();
  await allBack(SECOND);
  const backMs = performance.now() - startMs;
  const reached = Promise.all(
    clients.map(async (client) => {
      const { value } = await client.messages().next();
      if (value) client.ack(value);
      return value?.text();
    }),
  );
  const speaker = await IrisClient.connect({ addresses: [fleet.address(SECOND)], user: 'speaker' });
  await Promise.all(clients.map((_, i) => speaker.send(`user-${i}`, `to ${i}`)));
  expect(await reached).toEqual(clients.map((_, i) => `to ${i}`));
  await speaker.close();
  report(
    `F13: ${CLIENTS} clients back ${(backMs / 1_000).toFixed(2)} s after kill -9 of their edge, each reached; edge ${(fleet.process(SECOND).residentKilobytes / 1_024).toFixed(0)} MiB`,
  );
  expect(backMs).toBeLessThan(5_000);
}, 120_000);

it('a leaving edge spreads its clients: no tenth of a second brings more than a fifth of them (F13)', async () => {
  await fleet.startNode(FIRST);
  const startMs = performance.now();
  const exited = fleet.process(SECOND).stop();
  const counts = [0];
  const atMs = [startMs];
  while ((counts.at(-1) as number) < CLIENTS && performance.now() - startMs < 30_000) {
    await pause(100);
    counts.push(await logins(FIRST));
    atMs.push(performance.now());
  }
  // Over three looks: an answer that is late makes the time to the next one look short.
  const perSecond = counts.slice(1).map((count, i) => {
    const from = Math.max(0, i - 2);
    return ((count - (counts[from] as number)) * 1_000) / ((atMs[i + 1] as number) - (atMs[from] as number));
  });
  const peak = Math.max(...perSecond);
  await allBack(FIRST);
  report(
    `F13: ${CLIENTS} clients sent away by GOAWAY came in ${((performance.now() - startMs) / 1_000).toFixed(2)} s, ${peak.toFixed(0)} logins a second at most`,
  );
  expect(await exited).toBe(0);
  expect(peak / 10).toBeLessThan(CLIENTS / 5);
}, 90_000);
