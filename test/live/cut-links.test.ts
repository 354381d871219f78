/** F25, L1, L7: the network between edges and cores is cut for 30 s; senders hear a coded refusal or wait within their deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import { APPEND_TIMEOUT_MS } from '../../runtime/contract/limits.ts';
import { V2Client } from '../servers/v2-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { report, seeded, Traffic } from './traffic.ts';

const CUT_MS = 30_000;
let fleet: LiveFleet;
let traffic: Traffic;

beforeAll(async () => {
  fleet = await LiveFleet.start({ regions: { tokyo: { edges: 2, cores: 1 } }, isProxied: (from) => from.includes('edge') });
  traffic = new Traffic(() => fleet.edges.map((edge) => fleet.address(edge)));
}, 120_000);
afterAll(async () => {
  await traffic?.close();
  await fleet?.stop();
});

it('loses nothing acknowledged through 30 s without a network between edges and their core, and refuses with SHARD_UNAVAILABLE (F25)', async () => {
  const random = seeded();
  const core = fleet.cores[0] as string;
  const paths = fleet.edges.map((edge) => fleet.path(edge, core));
  const senders = Array.from({ length: 8 }, (_, i) => `sender-${i}`);
  const readers = Array.from({ length: 8 }, (_, i) => `reader-${i}`);
  for (const sender of senders) await traffic.connect(sender);
  for (const reader of readers) await traffic.read(reader);
  const impatient = await V2Client.logIn(fleet.address(fleet.edges[0] as string), 'impatient');
  const stop = new AbortController();
  const running = traffic.run(random, { from: senders, to: readers, perSecond: 200, signal: stop.signal });
  await pause(2_000);
  await Promise.all(paths.map((path) => path.cut()));
  await pause(500);
  const acknowledgedBefore = traffic.history.acknowledgedCount;
  const startMs = performance.now();
  impatient.send('reader-0', 1, ['nobody will ever hear of it']);
  const refusal = await refusalOf(impatient);
  const waitedMs = performance.now() - startMs;
  expect(refusal.code).toBe('SHARD_UNAVAILABLE');
  expect(waitedMs).toBeLessThan(APPEND_TIMEOUT_MS + 3_000);
  impatient.end();
  await pause(CUT_MS - (performance.now() - startMs));
  expect(traffic.history.acknowledgedCount).toBe(acknowledgedBefore);
  const healedMs = performance.now();
  await Promise.all(paths.map((path) => path.heal()));
  while (traffic.history.acknowledgedCount === acknowledgedBefore) await pause(20);
  const backMs = performance.now() - healedMs;
  await pause(2_000);
  stop.abort();
  await running;
  await traffic.drained();
  report(
    `F25: a send without a network was refused after ${(waitedMs / 1_000).toFixed(1)} s; the first acknowledgement came ${backMs.toFixed(0)} ms after healing`,
  );
  traffic.judge('F25');
  expect(traffic.refusals.size).toBe(0);
});

/** RawSocket's patience is shorter than the deadline that is tested. */
async function refusalOf(client: V2Client) {
  for (let waited = 0; client.raw.received.length === 0 && waited < 20_000; waited += 50) await pause(50);
  return await client.fault();
}
